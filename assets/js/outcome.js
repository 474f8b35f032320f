// What came of a search: its last states, and the table that compares the judge with the solver.
const host = element.querySelector('.ts-outcome');
const title = make('h3', '', host);
const summary = make('p', 'outcome-summary', host);
const list = make('ol', 'outcome-list', host);
const label = make('label', 'outcome-solver', host);
const box = make('input', '', label);
box.type = 'checkbox';
const words = make('span', '', label);
const table = make('table', 'outcome-table', host);
box.addEventListener('change', () => trigger('solver_toggle', { on: box.checked }));

const row = (final) => {
  const item = make('li', '', list);
  const pick = make('button', 'outcome-state', item);
  pick.type = 'button';
  pick.addEventListener('click', () => trigger('node_select', { id: final.id }));
  make('span', 'outcome-name', pick, final.name);
  make('span', 'outcome-answer', pick, final.answer);
  const verdict = make('span', 'verdict', pick, { right: '✓', wrong: '✗' }[final.check] || '');
  verdict.dataset.verdict = final.check;
  make('span', 'outcome-check', pick, [final.check_text, final.score].filter(Boolean).join(' · '));
};

const fillTable = (data) => {
  table.textContent = '';
  table.hidden = !data;
  if (!data) return;
  make('caption', '', table, data.caption);
  const head = make('tr', '', make('thead', '', table));
  data.head.forEach((name) => { make('th', '', head, name).scope = 'col'; });
  const body = make('tbody', '', table);
  for (const [name, ...cells] of data.rows) {
    const line = make('tr', '', body);
    make('th', '', line, name).scope = 'row';
    cells.forEach((cell) => make('td', '', line, cell));
  }
};

drawOnChange((data) => {
  host.hidden = !data;
  if (!data) return;
  write(title, data.title);
  title.hidden = !data.title;
  write(summary, data.summary);
  summary.hidden = !data.summary;
  list.textContent = '';
  list.hidden = !data.finals.length;
  data.finals.forEach(row);
  label.hidden = !data.solver;
  write(words, data.solver);
  box.checked = data.solving;
  fillTable(data.table);
});
