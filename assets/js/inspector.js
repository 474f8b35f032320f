// One node, whole. Pairs of [kind, text] become spans; the kind is from our own fixed list. What
// is not a pair is an exemplar of the prompt, which is folded.
const host = element.querySelector('.ts-inspector');
const hint = make('p', 'hint', host);
const sheet = make('div', 'sheet', host);
const heading = make('h3', '', sheet);
const facts = make('dl', 'facts', sheet);
const place = make('div', 'panes', sheet);
const KINDS = new Set(['text', 'token', 'forced', 'answer']);
const panes = [];

let inspected = '';
let opened = new Set();

const pane = () => {
  const root = make('section', 'pane', place);
  const label = make('h4', '', root);
  const share = make('div', 'share', root);
  share.hidden = true;
  const body = make('pre', '', root);
  body.tabIndex = 0;
  return { root, label, share, body, drawn: '' };
};

const words = (parent, parts) => {
  for (const [kind, text] of parts) {
    make(kind === 'answer' ? 'mark' : 'span', KINDS.has(kind) ? kind : 'text', parent, text);
  }
};

// An exemplar stays open, or closed, while frames come in.
const fold = (parent, data) => {
  const root = make('details', 'exemplar', parent);
  const summary = make('summary', '', root);
  make('b', '', summary, data.name);
  make('span', 'exemplar-tokens', summary, data.tokens);
  if (data.tampered) make('span', 'by-hand', summary, data.tampered);
  make('span', 'exemplar-begins', summary, data.begins);
  words(root, data.parts);
  root.open = opened.has(data.key);
  root.addEventListener('toggle', () => opened[root.open ? 'add' : 'delete'](data.key));
};

// How much of the context the prompt takes, and the exemplars of that.
const showShare = ({ share }, data) => {
  const key = JSON.stringify(data || null);
  if (share.key === key) return;
  share.key = key;
  share.hidden = !data;
  share.textContent = '';
  if (!data) return;
  make('span', '', share, data.text);
  if (data.of) make('span', 'share-of', share, data.of);
  const bar = make('div', 'share-bar', share);
  make('i', 'share-exemplars', bar).style.width = `${data.exemplars}%`;
  make('i', '', bar).style.width = `${data.all - data.exemplars}%`;
};

const show = (target, { label, parts, share }) => {
  write(target.label, label);
  target.body.setAttribute('aria-label', label);
  showShare(target, share);
  const key = JSON.stringify(parts);
  if (key === target.drawn) return;
  target.drawn = key;
  target.body.textContent = '';
  for (const part of parts) {
    if (Array.isArray(part)) words(target.body, [part]);
    else fold(target.body, part);
  }
};

drawOnChange((data) => {
  const filled = !!data?.id;
  write(hint, data?.empty || '');
  sheet.hidden = !filled;
  host.hidden = !filled && !hint.textContent;
  if (!filled) return;
  if (data.id !== inspected) opened = new Set();
  inspected = data.id;
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
