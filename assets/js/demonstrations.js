// The demonstrations, folded. The list is made anew only where it has changed.
const host = element.querySelector('.ts-demonstrations');
const fold = make('details', 'demonstrations', host);
const summary = make('summary', '', fold);
const empty = make('p', 'more', fold);
const list = make('ol', '', fold);
let drawn = '';

const item = (data, label) => {
  const root = make('li', data.off ? 'off' : '', list);
  make('p', 'demonstration-question', root, data.question).dir = 'auto';
  make('p', 'demonstration-rationale', root, data.rationale).dir = 'auto';
  const answer = make('p', 'demonstration-answer', root);
  make('span', '', answer, label);
  make('strong', '', answer, data.answer);
  for (const words of [data.tampered, data.off]) if (words) make('span', 'by-hand', answer, words);
};

drawOnChange((data) => {
  host.hidden = !data;
  if (!data) { fold.open = false; return; }
  write(summary, data.title);
  write(empty, data.empty);
  const key = JSON.stringify([data.items, data.answer]);
  if (key === drawn) return;
  drawn = key;
  list.textContent = '';
  for (const each of data.items) item(each, data.answer);
});
