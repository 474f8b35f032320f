// The prompts before they are sent: of each its share of the context, then its parts, exemplars folded.
const host = element.querySelector('.ts-prompt');
const wrong = make('p', 'prompt-wrong', host);
const said = make('p', 'prompt-said', host);
const KINDS = new Set(['text', 'token']);
const drafts = [];

const draft = () => {
  const root = make('section', 'prompt-draft', host);
  const shown = {
    root, parts: [], title: make('h4', 'prompt-title', root), share: make('p', 'prompt-share', root),
    bar: make('div', 'prompt-bar', root), list: make('ol', 'prompt-parts', root),
  };
  shown.bar.setAttribute('role', 'img');
  shown.fills = [make('i', 'read', shown.bar), make('i', 'written', shown.bar)];
  return shown;
};

const showDraft = (target, data) => {
  write(target.title, data.title);
  target.title.hidden = !data.title;
  write(target.share, data.share);
  target.share.classList.toggle('wrong', data.over);
  target.bar.hidden = !data.bar;
  target.bar.classList.toggle('over', data.over);
  target.bar.setAttribute('aria-label', data.share);
  target.fills.forEach((fill, i) => { fill.style.width = `${100 * (data.bar?.[i] ?? 0)}%`; });
  data.parts.forEach((wanted, i) => show(target.parts[i] || (target.parts[i] = part(target.list)), wanted));
  for (const spare of target.parts.splice(data.parts.length)) spare.root.remove();
};

// An exemplar is folded, and stays as a person left it; the rest is short and stands open.
const part = (list) => {
  const root = make('li', 'prompt-part', list);
  const fold = make('details', '', root);
  const head = make('summary', '', fold);
  const shown = {
    root, fold, name: make('span', 'name', head), changed: make('span', 'changed', head),
    tokens: make('span', 'tokens', head), body: make('pre', '', fold), cut: make('p', 'cut', fold),
    kind: '', drawn: '',
  };
  shown.body.tabIndex = 0;
  return shown;
};

const show = (target, data) => {
  if (target.kind !== data.kind) target.fold.open = data.kind !== 'exemplar';
  target.kind = data.kind;
  write(target.name, data.name);
  write(target.changed, data.changed);
  write(target.tokens, data.tokens);
  write(target.cut, data.cut);
  target.body.setAttribute('aria-label', data.name);
  const key = JSON.stringify(data.text);
  if (key === target.drawn) return;
  target.drawn = key;
  target.body.textContent = '';
  for (const [kind, words] of data.text) make('span', KINDS.has(kind) ? kind : 'text', target.body, words);
};

drawOnChange((data) => {
  if (!data) return;
  write(wrong, data.wrong);
  write(said, data.said);
  data.drafts.forEach((wanted, i) => showDraft(drafts[i] || (drafts[i] = draft()), wanted));
  for (const spare of drafts.splice(data.drafts.length)) spare.root.remove();
});

// Another engine, or one that has just come, counts otherwise.
const badge = document.querySelector('.ts-badge');
let engine = '';
const look = () => {
  const now = `${badge.dataset.phase === 'ready'} ${badge.querySelector('.who')?.textContent}`;
  if (now === engine) return;
  engine = now;
  trigger('recount');
};
if (badge) new MutationObserver(look).observe(badge, { attributes: true, childList: true, subtree: true, characterData: true });
