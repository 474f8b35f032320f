// A card for each text. Cards are keyed by node; text is appended, so nothing already there moves.
const host = element.querySelector('.ts-paths');
const hint = make('p', 'hint', host);
const grid = make('div', 'cards', host);
const more = make('p', 'more', host);
const cards = new Map();

const build = (id) => {
  const card = { root: make('article', 'card', grid), texts: [], key: '' };
  card.head = make('button', 'card-head', card.root);
  card.head.type = 'button';
  card.letter = make('span', 'letter', card.head);
  card.title = make('span', 'card-title', card.head);
  card.counts = make('span', 'card-counts', card.head);
  card.answer = make('span', 'card-answer', card.head);
  card.verdict = make('span', 'verdict', card.head);
  card.tokens = make('span', 'card-tokens', card.head);
  card.body = make('div', 'card-text', card.root);
  card.body.tabIndex = 0;
  card.foot = make('div', 'card-foot', card.root);
  // To select words in a card with the mouse is not to pick the card.
  card.body.addEventListener('click', (event) => {
    const words = getSelection();
    if (!words.isCollapsed && card.body.contains(words.anchorNode)) event.stopPropagation();
  });
  card.root.addEventListener('click', () => trigger('node_select', { id }));
  cards.set(id, card);
  return card;
};

const appendText = (card, parts) => {
  parts.forEach((part, i) => {
    let text = card.texts[i];
    if (!text) {
      const span = make('span', part.forced ? 'forced' : 'sampled', card.body);
      text = card.texts[i] = span.appendChild(document.createTextNode(''));
    }
    if (part.text.startsWith(text.data)) text.appendData(part.text.slice(text.data.length));
    else text.data = part.text;
  });
  for (const text of card.texts.splice(parts.length)) text.parentNode.remove();
};
const atEnd = ({ body }) => body.scrollHeight - body.scrollTop - body.clientHeight < 24;

// The finished text, with the stretch in which the answer was found marked.
const markAnswer = (card, parts, [start, end], colour) => {
  card.body.textContent = '';
  card.texts = [];
  let place = 0;
  for (const part of parts) {
    const span = make('span', part.forced ? 'forced' : 'sampled', card.body);
    // Spans count in characters as Python does: by code point.
    const letters = Array.from(part.text);
    const a = part.forced ? 0 : Math.min(Math.max(start - place, 0), letters.length);
    const b = part.forced ? 0 : Math.min(Math.max(end - place, 0), letters.length);
    if (b > a) {
      span.append(letters.slice(0, a).join(''));
      const mark = make('mark', '', span, letters.slice(a, b).join(''));
      mark.style.setProperty('--answer', colour || 'currentColor');
      span.append(letters.slice(b).join(''));
    } else span.append(part.text);
    if (!part.forced) place += letters.length;
  }
};
const showMark = (card) => {
  const mark = card.body.querySelector('mark');
  if (mark) card.body.scrollTop = mark.offsetTop - card.body.clientHeight / 2;
};

const fill = (card, data) => {
  write(card.title, data.title);
  write(card.counts, data.counts);
  write(card.letter, data.letter);
  card.letter.style.background = data.colour;
  card.letter.style.color = data.ink;
  card.root.style.setProperty('--answer', data.colour || 'transparent');
  write(card.answer, data.answer || data.abstained);
  write(card.verdict, { right: '✓', wrong: '✗' }[data.verdict] || '');
  card.verdict.dataset.verdict = data.verdict;
  card.verdict.title = data.verdict_text;
  write(card.tokens, data.tokens);
  write(card.foot, data.state);
  card.head.setAttribute('aria-pressed', data.selected);
  for (const name of ['dim', 'front', 'selected', 'writing']) card.root.classList.toggle(name, !!data[name]);
  card.root.classList.toggle('abstained', !!data.abstained);
  const key = data.span ? `${data.span}|${data.colour}|${data.parts.length}` : '';
  card.marked = !!key && key !== card.key;
  if (card.marked) markAnswer(card, data.parts, data.span, data.colour);
  else if (!key) {
    if (card.key) { card.body.textContent = ''; card.texts = []; }
    appendText(card, data.parts);
  }
  card.key = key;
};

drawOnChange((data) => {
  host.hidden = !data;
  if (!data) return;
  for (const card of data.cards) {
    card.parts = card.parts.map(([forced, i]) => ({ forced, text: data.texts[i] || '' }));
  }
  write(hint, data.empty || '');
  write(more, data.more || '');
  grid.classList.toggle('solo', !!data.solo);
  grid.classList.toggle('pair', !!data.pair);
  const seen = new Set();
  const drawn = data.cards.map((card) => cards.get(card.id) || build(card.id));
  // Read, write, scroll: in turn for all cards, so that the page is laid out once and not for each.
  // While text is added, a card stays at its end, unless the reader has scrolled away from it.
  const following = drawn.filter(atEnd);
  data.cards.forEach((card, i) => { seen.add(card.id); fill(drawn[i], card); });
  for (const card of following) if (!card.key) card.body.scrollTop = 1e7;
  for (const card of drawn) if (card.marked) showMark(card);
  for (const [id, card] of cards) if (!seen.has(id)) { card.root.remove(); cards.delete(id); }
});
