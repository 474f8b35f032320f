// Thinking in rounds: a column a chain. Turns are keyed by node; text is appended, so nothing that
// is already there moves.
const host = element.querySelector('.ts-rounds');
const grid = make('div', 'chains', host);
const more = make('p', 'more', host);
const columns = [];
const KINDS = new Set(['round', 'probe', 'answer']);
const SIGNS = new Set(['looped', 'suppressed', 'ended', 'cut', 'limit', 'unfinished', 'waiting']);
const VERDICTS = { right: '✓', wrong: '✗' };
let picked;

const buildColumn = () => {
  const root = make('section', 'chain', grid);
  const head = make('header', 'chain-head', root);
  const title = make('h3', '', head);
  const tokens = make('span', '', head);
  const body = make('div', 'chain-text', root);
  body.tabIndex = 0;
  body.setAttribute('role', 'region');
  return { root, title, tokens, body, turns: new Map(), writing: false };
};

const build = ({ id, kind }) => {
  const root = make('article', `turn ${KINDS.has(kind) ? kind : ''}`);
  const turn = { root, texts: [], span: '', signed: '[]' };
  turn.head = make('button', 'turn-head', root);
  turn.head.type = 'button';
  turn.name = make('span', 'turn-name', turn.head);
  if (kind !== 'round') buildChip(turn);
  turn.tokens = make('span', 'turn-number', turn.head);
  turn.seconds = make('span', 'turn-number', turn.head);
  const body = make('p', 'turn-text', root);
  turn.words = make('span', 'words', body);
  turn.signs = make('span', 'signs', body);
  turn.cut = make('p', 'turn-cut', root);
  // To select words with the mouse is not to pick the turn.
  root.addEventListener('click', ({ target }) => {
    const words = getSelection();
    if (body.contains(target) && !words.isCollapsed && body.contains(words.anchorNode)) return;
    trigger('node_select', { id });
  });
  return turn;
};

const buildChip = (turn) => {
  turn.chip = make('span', 'answer-chip', turn.head);
  turn.letter = make('span', 'letter', turn.chip);
  turn.answer = make('span', 'answer-name', turn.chip);
  turn.verdict = make('span', 'verdict', turn.chip);
};

// Text ---------------------------------------------------------------------------------------------

// What was put in stands as it is; its line breaks are shown as signs, so that it keeps to its line.
const writeForced = (tab, words) => {
  if (tab.said === words) return;
  tab.said = words;
  tab.textContent = '';
  words.split(/(\n+)/).forEach((part, i) => {
    if (part) make('span', i % 2 ? 'newline' : '', tab, i % 2 ? '↵'.repeat(part.length) : part);
  });
};

const addPart = (turn, forced, label) => {
  const span = make(forced ? 'ins' : 'span', forced ? 'forced' : 'sampled', turn.words);
  if (forced) span.title = label;
  return { forced, span, text: forced ? null : span.appendChild(document.createTextNode('')) };
};

const append = (turn, parts, label) => {
  parts.forEach(({ forced, words }, i) => {
    const part = turn.texts[i] || (turn.texts[i] = addPart(turn, forced, label));
    if (forced) writeForced(part.span, words);
    else if (words.startsWith(part.text.data)) part.text.appendData(words.slice(part.text.length));
    else part.text.data = words;
  });
};

const clear = (turn) => { turn.words.textContent = ''; turn.texts = []; };

// The stretch in which the answer was found; it counts in sampled code points, as Python does.
const markAnswer = (turn, parts, [start, end], colour, label) => {
  clear(turn);
  let place = 0;
  for (const { forced, words } of parts) {
    const { span, text } = addPart(turn, forced, label);
    if (forced) { writeForced(span, words); continue; }
    const letters = Array.from(words);
    const [a, b] = [start, end].map((at) => Math.min(Math.max(at - place, 0), letters.length));
    place += letters.length;
    text.data = letters.slice(0, a).join('');
    if (b === a) { text.data = words; continue; }
    make('mark', '', span, letters.slice(a, b).join('')).style.setProperty('--answer', colour || 'currentColor');
    span.append(letters.slice(b).join(''));
  }
};

const writeText = (turn, data, parts, label) => {
  const same = turn.texts.every((part, i) => parts[i] && part.forced === parts[i].forced);
  const span = data.span ? `${data.span}|${data.chip.colour}|${parts.length}` : '';
  if (span && span !== turn.span) markAnswer(turn, parts, data.span, data.chip.colour, label);
  else if (!span) {
    if (turn.span || !same) clear(turn);
    append(turn, parts, label);
  }
  turn.span = span;
};

const writeSigns = (turn, signs) => {
  const key = JSON.stringify(signs);
  if (key === turn.signed) return;
  turn.signed = key;
  turn.signs.textContent = '';
  for (const [kind, struck, words] of signs) {
    turn.signs.append(' ');
    const sign = make('span', `sign ${SIGNS.has(kind) ? kind : ''}`, turn.signs);
    if (struck) make('del', '', sign, struck);
    make('span', '', sign, words);
  }
};

// Turns --------------------------------------------------------------------------------------------

const fillChip = (turn, chip) => {
  turn.chip.className = `answer-chip ${chip.state}`;
  write(turn.letter, chip.state === 'read' ? chip.letter : '');
  turn.letter.style.background = chip.colour;
  turn.letter.style.color = chip.ink;
  write(turn.answer, chip.name);
  write(turn.verdict, VERDICTS[chip.verdict] || '');
  turn.verdict.dataset.verdict = chip.verdict;
};

const fill = (turn, data, texts, label) => {
  write(turn.name, data.name);
  write(turn.tokens, data.tokens);
  write(turn.seconds, data.seconds);
  write(turn.cut, data.cut);
  turn.cut.hidden = !data.cut;
  if (turn.chip) fillChip(turn, data.chip);
  turn.head.setAttribute('aria-pressed', data.selected);
  turn.root.classList.toggle('selected', data.selected);
  turn.root.classList.toggle('writing', data.writing);
  writeText(turn, data, data.parts.map(([forced, i]) => ({ forced, words: texts[i] || '' })), label);
  writeSigns(turn, data.signs);
};

const fillColumn = (column, data, texts, label) => {
  write(column.title, data.title);
  write(column.tokens, data.tokens);
  column.body.setAttribute('aria-label', data.title);
  const seen = new Set();
  let place = column.body.firstChild;
  for (const each of data.turns) {
    seen.add(each.id);
    let turn = column.turns.get(each.id);
    if (!turn) column.turns.set(each.id, turn = build(each));
    if (turn.root === place) place = place.nextSibling;
    else column.body.insertBefore(turn.root, place);
    fill(turn, each, texts, label);
  }
  for (const [id, turn] of column.turns) if (!seen.has(id)) { turn.root.remove(); column.turns.delete(id); }
};

// What was picked elsewhere comes into view here, once, and within its own column alone.
const showPicked = (chains) => {
  const id = chains.flatMap(({ turns }) => turns).find(({ selected }) => selected)?.id;
  if (id === picked) return;
  picked = id;
  for (const { body, turns } of columns) {
    const top = turns.get(id)?.root.offsetTop;
    const seen = top >= body.scrollTop && top <= body.scrollTop + body.clientHeight - 64;
    if (top !== undefined && !seen) body.scrollTop = top - 8;
  }
};

const atEnd = ({ body }) => body.scrollHeight - body.scrollTop - body.clientHeight < 24;

drawOnChange((data) => {
  host.hidden = !data;
  if (!data) return;
  write(more, data.more);
  while (columns.length < data.chains.length) columns.push(buildColumn());
  for (const spare of columns.splice(data.chains.length)) spare.root.remove();
  // Read, write, scroll: in turn for all columns, so that the page is laid out once. A column stays
  // at its end while it is written, unless the reader has scrolled away from it.
  const following = columns.filter((column, i) => (data.chains[i].writing || column.writing) && atEnd(column));
  columns.forEach((column, i) => fillColumn(column, data.chains[i], data.texts, data.forced));
  for (const { body } of following) body.scrollTop = 1e7;
  showPicked(data.chains);
  columns.forEach((column, i) => { column.writing = data.chains[i].writing; });
});
