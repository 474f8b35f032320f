// The walks as cards of one height: each candidate a row, in the order of its walk. Rows are keyed by
// node, and text is appended, so nothing already there moves.
const host = element.querySelector('.ts-walks');
const heading = make('h3', 'walks-title', host);
const grid = make('div', 'walks-grid', host);
const more = make('p', 'more', host);
const cards = new Map();
let words = {};
const STANDINGS = new Set(['trying', 'rejected', 'taken', 'unfinished']);

const buildCard = (id) => {
  const card = { root: make('article', 'walk', grid), rows: new Map() };
  card.head = make('header', 'walk-head', card.root);
  card.title = make('h4', '', card.head);
  card.number = make('span', 'walk-number', card.head);
  card.about = make('span', 'walk-about', card.head);
  card.said = make('p', 'walk-said', card.root);
  card.body = make('div', 'walk-body', card.root);
  card.body.tabIndex = 0;
  card.list = make('ol', 'walk-rows', card.body);
  card.more = make('p', 'more', card.body);
  cards.set(id, card);
  return card;
};

const buildRow = (rows, list, id) => {
  const row = { root: make('li', 'candidate', list), texts: [], id, open: null };
  row.head = make('button', 'candidate-head', row.root);
  row.head.type = 'button';
  row.sign = make('span', 'candidate-sign', row.head);
  row.sign.setAttribute('aria-hidden', 'true');
  row.question = make('span', 'candidate-question', row.head);
  row.question.dir = 'auto';
  row.said = make('p', 'candidate-said', row.root);
  row.text = make('p', 'candidate-text', row.root);
  row.text.dir = 'auto';
  row.result = make('p', 'candidate-answer', row.root);
  row.label = make('span', '', row.result);
  row.answer = make('strong', '', row.result);
  // A click opens and closes it; and picks it for the inspector.
  row.head.addEventListener('click', () => {
    row.open = row.head.getAttribute('aria-expanded') !== 'true';
    unfold(row);
    trigger('node_select', { id });
  });
  rows.set(id, row);
  return row;
};

// Several that were passed over for one reason: a fold, with rows of its own.
const buildFold = (rows, list, id) => {
  const row = { root: make('li', 'passed', list), rows: new Map() };
  const fold = make('details', '', row.root);
  row.summary = make('summary', '', fold);
  row.list = make('ol', 'walk-rows', fold);
  rows.set(id, row);
  return row;
};

// What is tried or was taken is open by itself.
const unfold = (row) => {
  const open = row.open ?? row.standing !== 'rejected';
  row.head.setAttribute('aria-expanded', open);
  row.root.classList.toggle('open', open);
};

const appendText = (row, parts, texts) => {
  parts.forEach(([forced, place], i) => {
    const whole = texts[place] || '';
    let text = row.texts[i];
    if (!text) {
      const span = make('span', forced ? 'forced' : 'sampled', row.text);
      text = row.texts[i] = span.appendChild(document.createTextNode(''));
    }
    if (whole.startsWith(text.data)) text.appendData(whole.slice(text.data.length));
    else text.data = whole;
  });
  for (const text of row.texts.splice(parts.length)) text.parentNode.remove();
};

const fillRow = (row, data, texts) => {
  row.standing = data.standing;
  const standing = STANDINGS.has(data.standing) ? data.standing : '';
  row.root.className = `candidate ${standing}${data.selected ? ' selected' : ''}`;
  write(row.question, data.question);
  write(row.said, data.said);
  appendText(row, data.parts, texts);
  write(row.label, data.answer ? words.answer : data.reading ? words.reading : '');
  write(row.answer, data.answer);
  row.result.hidden = !row.label.textContent;
  row.head.setAttribute('aria-pressed', data.selected);
  unfold(row);
};

const fillRows = (rows, list, wanted, texts) => {
  const seen = new Set();
  for (const data of wanted) {
    seen.add(data.id);
    const row = rows.get(data.id) || (data.passed ? buildFold : buildRow)(rows, list, data.id);
    if (data.passed) {
      write(row.summary, data.passed.said);
      fillRows(row.rows, row.list, data.passed.rows, texts);
    } else fillRow(row, data, texts);
  }
  for (const [id, row] of rows) if (!seen.has(id)) { row.root.remove(); rows.delete(id); }
  // A row that became part of a fold, or left one, stands where it belongs.
  wanted.forEach(({ id }, i) => {
    const { root } = rows.get(id);
    if (list.children[i] !== root) list.insertBefore(root, list.children[i] || null);
  });
};

const fillCard = (card, data, texts) => {
  card.root.style.setProperty('--cluster', data.colour);
  card.root.classList.toggle('loud', data.loud);
  write(card.title, data.title);
  write(card.number, data.number);
  card.number.hidden = !data.number;
  write(card.about, data.about);
  write(card.said, data.said);
  write(card.more, data.more);
  card.body.setAttribute('aria-label', `${data.title} ${data.number}`);
  fillRows(card.rows, card.list, data.rows, texts);
};

// While it is written, a card stays at its end; once its question is taken, it shows that from its head.
const follow = (card) => {
  const last = card.list.lastElementChild;
  card.body.scrollTop = last?.classList.contains('taken')
    ? card.body.scrollTop + last.getBoundingClientRect().top - card.body.getBoundingClientRect().top
    : 1e7;
};
const atEnd = ({ body }) => body.scrollHeight - body.scrollTop - body.clientHeight < 24;

drawOnChange((data) => {
  host.hidden = !data;
  if (!data) return;
  words = data.words;
  write(heading, data.title);
  write(more, data.more);
  grid.classList.toggle('single', data.cards.length === 1);
  const drawn = data.cards.map((card) => cards.get(card.id) || buildCard(card.id));
  // A card stays at its end, where its walk is, unless the reader has scrolled away.
  const following = drawn.filter(atEnd);
  data.cards.forEach((card, i) => fillCard(drawn[i], card, data.texts));
  following.forEach(follow);
  const seen = new Set(data.cards.map(({ id }) => id));
  for (const [id, card] of cards) if (!seen.has(id)) { card.root.remove(); cards.delete(id); }
  drawn.forEach(({ root }, i) => { if (grid.children[i] !== root) grid.insertBefore(root, grid.children[i]); });
});
