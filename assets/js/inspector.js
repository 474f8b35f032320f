// One node, whole. Pairs of [kind, text] become spans; the kind is from our own fixed list.
const host = element.querySelector('.ts-inspector');
const hint = make('p', 'hint', host);
const sheet = make('div', 'sheet', host);
const heading = make('h3', '', sheet);
const facts = make('dl', 'facts', sheet);
const place = make('div', 'panes', sheet);
const KINDS = new Set(['text', 'token', 'forced', 'answer']);
const panes = [];

const pane = () => {
  const root = make('section', 'pane', place);
  const label = make('h4', '', root);
  const body = make('pre', '', root);
  body.tabIndex = 0;
  return { root, label, body, drawn: '' };
};

const show = (target, { label, parts }) => {
  write(target.label, label);
  target.body.setAttribute('aria-label', label);
  const key = JSON.stringify(parts);
  if (key === target.drawn) return;
  target.drawn = key;
  target.body.textContent = '';
  for (const [kind, words] of parts) {
    make(kind === 'answer' ? 'mark' : 'span', KINDS.has(kind) ? kind : 'text', target.body, words);
  }
};

drawOnChange((data) => {
  const filled = !!data?.id;
  write(hint, data?.empty || '');
  sheet.hidden = !filled;
  host.hidden = !filled && !hint.textContent;
  if (!filled) return;
  write(heading, data.title);
  data.panes.forEach((wanted, i) => show(panes[i] || (panes[i] = pane()), wanted));
  for (const spare of panes.splice(data.panes.length)) spare.root.remove();
  facts.textContent = '';
  for (const [name, value] of data.facts) {
    const fact = make('div', '', facts);
    make('dt', '', fact, name);
    make('dd', '', fact, value);
  }
});
