// The tree of thoughts, from left to right: HTML boxes, keyed by state, over one SVG with the links.
// Only what has changed is touched, and nothing is measured while boxes are written.
const ROW = { tiny: 22, small: 24, one: 32, two: 48 };
const GAP = { near: 6, far: 16, column: 46, edge: 12 };
const COLUMN = { least: 136, most: 256 };
const SPACE = { sides: 26, icon: 18, value: 44, alive: 20, final: 5, ghost: 152 };
const BAR = 36;
const FOLD_FROM = 500;
const CALM_FROM = 150;
const BREATHING = 12;
const GIVEN_UP = ['pruned', 'invalid', 'duplicate', 'backtracked'];
const SVG = 'http://www.w3.org/2000/svg';
// Drawn on a square of 14 by 14.
const ICONS = {
  right: 'M3 7.5l3 3 5.5-6.5',
  wrong: 'M3.5 3.5l7 7M10.5 3.5l-7 7',
  edited: 'M2.5 11.5l.7-2.8 6-6 2.1 2.1-6 6zM8 3.9l2.1 2.1',
  backtracked: 'M5 3L2 6l3 3M2 6h6.5a3 3 0 0 1 0 6H6',
  invalid: 'M7 2a5 5 0 1 0 0 10a5 5 0 1 0 0-10M3.5 3.5l7 7',
  duplicate: 'M2 2h7v7H2zM5 9v3h7V5H9',
  equal: 'M2.5 5h9M2.5 9h9',
  visited: 'M7 4.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5',
  alive: 'M7 1.5L12.5 7 7 12.5 1.5 7z',
  dead: 'M7 1.5L12.5 7 7 12.5 1.5 7zM4.2 9.8L9.8 4.2',
};
// What the filled boxes of the best path do not show.
const UNDER_BEST = ['kept', 'visited'];
const BEFORE = ['invalid', 'duplicate', 'backtracked', 'visited', 'edited', 'equal'];
const LEGEND = ['winner', 'frontier', 'kept', 'pruned', 'visited', 'backtracked', 'invalid', 'duplicate',
  'equal', 'edited', 'final', 'right', 'wrong', 'judging', 'value', 'alive', 'dead'];

const host = element.querySelector('.ts-tree');
const head = make('div', 'tree-head', host);
const title = make('p', 'tree-title', head);
const save = make('button', 'tree-save', head);
save.type = 'button';
const pane = make('div', 'tree-pane', host);
const levels = make('div', 'tree-levels', pane);
const canvas = make('div', 'tree-canvas', pane);
canvas.setAttribute('role', 'tree');
const legend = make('ul', 'tree-legend', host);
const more = make('p', 'more', host);

const shape = (tag, name, parent) => {
  const made = document.createElementNS(SVG, tag);
  if (name) made.setAttribute('class', name);
  if (parent) parent.appendChild(made);
  return made;
};
const svg = shape('svg', 'tree-links', canvas);
svg.setAttribute('aria-hidden', 'true');
const plainLinks = shape('g', '', svg);
const bestLinks = shape('g', '', svg);

const icon = (name, parent) => {
  const drawn = shape('svg', `icon icon-${name}`, parent);
  drawn.setAttribute('viewBox', '0 0 14 14');
  drawn.setAttribute('aria-hidden', 'true');
  shape('path', '', drawn).setAttribute('d', ICONS[name]);
  return drawn;
};
const calmly = matchMedia('(prefers-reduced-motion: reduce)');
const fillIn = (sentence, blanks) => sentence.replace(/\{(\w+)\}/g, (_, name) => blanks[name]);

// What a person chose outlives every update: what is open, selected, in focus and in view.
const boxes = new Map();
const chosen = new Map();
// The value that is drawn, with the states made of it and those that are shown, in tree order.
let now = null;
let run = null;
let words = {};
let focused = '';
let selected = '';
let told = '';
let widths = [];
let spots = new Map();
let laidOut = '';
let following = true;
let fresh = true;

// From records to states -------------------------------------------------------------------------

const pen = document.createElement('canvas').getContext('2d');
const measured = new Map();
const textWidth = (text) => {
  if (measured.size > 5000) measured.clear();
  if (!measured.has(text)) measured.set(text, pen.measureText(text).width);
  return measured.get(text);
};

const grow = (records) => {
  const states = new Map();
  const roots = [];
  for (const record of records) {
    const parent = states.get(record.p) || null;
    const marks = record.m ? record.m.split(' ') : [];
    const state = { ...record, id: record.i, label: record.t || '', marks, parent, kids: [], below: 0 };
    state.depth = parent ? parent.depth + 1 : 0;
    state.siblings = parent ? parent.kids : roots;
    state.place = state.siblings.push(state);
    states.set(state.id, state);
  }
  return { states, roots, all: [...states.values()] };
};

const givenUp = ({ marks }) => !marks.includes('kept') && marks.some((mark) => GIVEN_UP.includes(mark));

// Children come after their parents, so from the end all of a state's children are known.
const lookBelow = ({ all }) => {
  for (const state of [...all].reverse()) {
    const allLost = state.kids.length > 0 && state.kids.every((kid) => kid.lost);
    const alive = state.w !== undefined || state.marks.includes('winner');
    state.lost = !alive && (allLost || givenUp(state));
    if (state.parent) state.parent.below += state.below + 1;
  }
};

// Large trees fold what is lost, but never over what a person looks at.
const fold = ({ all, states }) => {
  const held = new Set();
  for (const id of [focused, selected]) {
    for (let at = (states.get(id) || {}).parent; at; at = at.parent) held.add(at);
  }
  const many = all.length > FOLD_FROM;
  for (const state of all) {
    const byItself = many && state.lost && state.parent && !held.has(state);
    state.folded = state.kids.length > 0 && (chosen.has(state.id) ? chosen.get(state.id) : !!byItself);
    state.ghost = state.w !== undefined && !state.folded ? { of: state.id, height: ROW.one, shown: [] } : null;
    state.shown = state.folded ? [] : state.kids;
    if (state.ghost) state.shown = [...state.shown, state.ghost];
  }
};

const inOrder = ({ roots }) => {
  const order = [];
  const waiting = [...roots].reverse();
  while (waiting.length) {
    const state = waiting.pop();
    order.push(state);
    if (!state.folded) for (let i = state.kids.length - 1; i >= 0; i--) waiting.push(state.kids[i]);
  }
  return order;
};

// What the search has left behind takes less room, in smaller letters.
const heightOf = (state) => {
  const is = (mark) => state.marks.includes(mark);
  if (is('invalid') || (is('duplicate') && !is('kept'))) return ROW.tiny;
  const wide = textWidth(state.label) * (is('pruned') ? 12 / 13 : 1);
  if (wide + state.extra > widths[state.depth]) return ROW.two;
  return is('pruned') ? ROW.small : ROW.one;
};

// That the best path was visited goes without saying.
const iconsBefore = ({ marks }) => BEFORE.filter((name) =>
  marks.includes(name) && !(UNDER_BEST.includes(name) && marks.includes('winner')));

// Columns grow with what is in them and never shrink, so that a tree does not sway.
const measure = (order) => {
  for (const state of order) {
    const icons = iconsBefore(state).length;
    const judged = state.v !== undefined || state.depth > 0;
    state.extra = SPACE.sides + icons * SPACE.icon + (judged ? SPACE.value : 0)
      + (state.a === undefined ? 0 : SPACE.alive) + (state.marks.includes('final') ? SPACE.final : 0);
    const wanted = Math.ceil((textWidth(state.label) + state.extra) / 8) * 8;
    const width = Math.min(Math.max(wanted, COLUMN.least), COLUMN.most);
    widths[state.depth] = Math.max(widths[state.depth] || 0, width);
    if (state.ghost) widths[state.depth + 1] = Math.max(widths[state.depth + 1] || 0, SPACE.ghost);
  }
  for (const state of order) {
    state.height = state.o === undefined ? heightOf(state) : ROW.two;
  }
};

// Where everything goes ----------------------------------------------------------------------------

const apart = (a, b) =>
  (a.data.height + b.data.height) / 2 + (a.parent === b.parent ? GAP.near : GAP.far);

const left = (depth) => {
  let at = GAP.edge;
  for (let i = 0; i < depth; i++) at += widths[i] + GAP.column;
  return at;
};

// The tidy tree; it grows downwards in d3, and to the right here.
const arrange = ({ roots }) => {
  const top = d3.hierarchy({ height: 0, shown: roots }, (state) => state.shown);
  d3.tree().nodeSize([1, 1]).separation(apart)(top);
  const nodes = top.descendants().slice(1);
  const lefts = widths.map((_, depth) => left(depth));
  const upper = nodes.reduce((least, { x, data }) => Math.min(least, x - data.height / 2), Infinity);
  const placed = new Map();
  for (const { x, depth, data } of nodes) {
    placed.set(data.id || `ghost ${data.of}`, {
      x: lefts[depth - 1], y: Math.round(x - data.height / 2 - upper) + GAP.edge,
      width: widths[depth - 1], height: data.height,
    });
  }
  return placed;
};

const layOut = (tree, order) => {
  const key = order.map((s) => `${s.id} ${s.height}${s.ghost ? 'g' : ''}`).join() + widths.join();
  if (key === laidOut) return;
  laidOut = key;
  spots = arrange(tree);
  let [right, bottom] = [0, 0];
  for (const spot of spots.values()) {
    right = Math.max(right, spot.x + spot.width);
    bottom = Math.max(bottom, spot.y + spot.height);
  }
  // Room for the chip that tells how many states are hidden behind a box.
  canvas.style.width = `${right + GAP.column}px`;
  canvas.style.height = `${bottom + GAP.edge}px`;
  levels.style.width = canvas.style.width;
};

const curve = (from, to) => {
  const [x0, y0] = [from.x + from.width, from.y + from.height / 2];
  const [x1, y1] = [to.x, to.y + to.height / 2];
  const middle = (x0 + x1) / 2;
  return `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}`;
};

// Boxes --------------------------------------------------------------------------------------------

const build = (id) => {
  const root = make('div', 'box state');
  const box = { id, root, key: '', at: '', link: shape('path', '', plainLinks) };
  root.dataset.id = id;
  root.setAttribute('role', 'treeitem');
  root.tabIndex = -1;
  box.before = make('span', 'before', root);
  box.label = make('span', 'thought', root);
  box.label.dir = 'auto';
  box.doing = make('span', 'doing', root);
  box.score = make('span', 'score', root);
  box.value = make('span', 'value', box.score);
  box.bar = make('span', 'bar', box.score);
  box.solver = make('span', 'solver', root);
  box.verdict = make('span', 'badge', root);
  box.toggle = make('span', 'toggle', root);
  box.toggle.setAttribute('aria-hidden', 'true');
  boxes.set(id, box);
  return box;
};

const isThinking = (state) => state.w !== undefined || state.o !== undefined;

// All that a box shows, in words.
const described = (state) => [
  state.label,
  ...state.marks.map((mark) => words[mark]),
  ...(state.r ? [now.reasons[state.r]] : []),
  ...(state.v === undefined ? [] : [fillIn(words.valued, { value: state.v })]),
  ...(state.j ? [words.judging] : []),
  ...(isThinking(state) ? [words.thinking] : []),
  ...(state.a === undefined ? [] : [words[state.a ? 'alive' : 'dead']]),
  ...(state.folded ? [fillIn(words.hidden, { n: state.below })] : []),
].filter(Boolean).join(words.and);

const setIcons = (span, names) => {
  span.textContent = '';
  for (const name of names) icon(name, span);
};

const fillBox = (box, state) => {
  const said = described(state);
  const doing = state.o === undefined ? '' : fillIn(words.writing, { n: state.o });
  const key = [said, doing, state.height, state.b, state.depth, state.place, state.siblings.length,
    state.kids.length > 0, state.folded, state.id === selected].join('\u0001');
  if (key === box.key) return;
  box.key = key;
  const { root } = box;
  const lines = state.height === ROW.two ? 'two' : 'one';
  root.className = ['box state', lines, ...state.marks, state.j ? 'judging' : '',
    isThinking(state) ? 'thinking' : '',
    state.o === undefined ? '' : 'writing'].filter(Boolean).join(' ');
  root.style.height = `${state.height}px`;
  write(box.label, state.label);
  write(box.doing, doing);
  const awaited = state.j && state.v === undefined;
  write(box.value, awaited ? '?' : state.v || '');
  box.bar.style.setProperty('--share', awaited ? 1 : state.b || 0);
  box.bar.hidden = !awaited && !(state.b > 0.02);
  box.score.hidden = !box.value.textContent;
  setIcons(box.before, iconsBefore(state));
  setIcons(box.solver, state.a === undefined ? [] : [state.a ? 'alive' : 'dead']);
  setIcons(box.verdict, ['right', 'wrong'].filter((name) => state.marks.includes(name)));
  write(box.toggle, state.folded ? `+${state.below}` : '');
  box.toggle.hidden = !state.kids.length;
  box.toggle.classList.toggle('folded', state.folded);
  box.toggle.title = state.folded ? words.open : words.close;
  box.label.title = said;
  describeTo(root, state, said);
};

const describeTo = (root, state, said) => {
  root.setAttribute('aria-label', said);
  root.setAttribute('aria-level', state.depth + 1);
  root.setAttribute('aria-setsize', state.siblings.length);
  root.setAttribute('aria-posinset', state.place);
  root.setAttribute('aria-selected', state.id === selected);
  if (state.kids.length) root.setAttribute('aria-expanded', !state.folded);
  else root.removeAttribute('aria-expanded');
};

const LINKS = ['winner', 'kept', 'invalid', 'duplicate', 'pruned', 'backtracked', 'visited'];
const fillLink = (link, name, path) => {
  const group = name === 'winner' ? bestLinks : plainLinks;
  if (link.parentNode !== group) group.appendChild(link);
  if (link.name !== name) link.setAttribute('class', `link ${link.name = name}`);
  if (link.path !== path) link.setAttribute('d', link.path = path);
};

const moveBox = (box, state) => {
  const spot = spots.get(state.id);
  const at = `${spot.x}px ${spot.y}px`;
  if (box.at !== at) box.root.style.translate = box.at = at;
  if (box.width !== spot.width) box.root.style.width = `${box.width = spot.width}px`;
  const name = LINKS.find((mark) => state.marks.includes(mark)) || 'open';
  const path = state.parent ? curve(spots.get(state.parent.id), spot) : '';
  fillLink(box.link, name, path);
};

// Many moves at once are a jump and not a movement: they are made without transitions.
const calm = (order) => {
  let changes = 0;
  for (const { id } of order) {
    const spot = spots.get(id);
    const box = boxes.get(id);
    if (!box || box.at !== `${spot.x}px ${spot.y}px`) changes += 1;
  }
  canvas.classList.toggle('still', changes > CALM_FROM);
  // What breathes is painted again and again: only a few at a time.
  canvas.classList.toggle('crowded', order.filter(isThinking).length > BREATHING);
};
const moving = () => !calmly.matches && !canvas.classList.contains('still');

// Boxes that go are taken out first: one that is moved in the document would lose the focus.
const drawBoxes = (order) => {
  const shown = new Set(order.map((state) => state.id));
  for (const [id, box] of boxes) {
    if (shown.has(id)) continue;
    box.root.remove();
    box.link.remove();
    boxes.delete(id);
  }
  let place = svg.nextSibling;
  for (const state of order) {
    const known = boxes.get(state.id);
    const box = known || build(state.id);
    fillBox(box, state);
    moveBox(box, state);
    if (box.root === place) place = place.nextSibling;
    else canvas.insertBefore(box.root, place);
    if (!known && moving()) box.root.animate([{ opacity: 0, scale: 0.92 }, {}], 180);
  }
};

// Where thoughts are being written, a ghost keeps their place and counts their tokens.
const ghosts = new Map();
const buildGhost = (id) => {
  const root = make('div', 'ghost', canvas);
  root.setAttribute('aria-hidden', 'true');
  make('span', 'dot', root);
  const ghost = { root, words: make('span', '', root), link: shape('path', '', plainLinks) };
  ghosts.set(id, ghost);
  return ghost;
};

const drawGhosts = (order) => {
  const thinking = new Map(order.filter((state) => state.ghost).map((state) => [state.id, state]));
  for (const [id, ghost] of ghosts) {
    if (thinking.has(id)) continue;
    ghost.root.remove();
    ghost.link.remove();
    ghosts.delete(id);
  }
  for (const [id, state] of thinking) {
    const ghost = ghosts.get(id) || buildGhost(id);
    const spot = spots.get(`ghost ${id}`);
    ghost.root.style.translate = `${spot.x}px ${spot.y}px`;
    write(ghost.words, fillIn(words.writing, { n: state.w }));
    fillLink(ghost.link, 'ghostly', curve(spots.get(id), spot));
  }
};

// Around the tree ----------------------------------------------------------------------------------

const headings = (order) =>
  now.levels.slice(0, 1 + order.reduce((deepest, { depth }) => Math.max(deepest, depth), 0));

const drawLevels = (shown) => {
  while (levels.children.length > shown.length) levels.lastChild.remove();
  shown.forEach(([name, count], depth) => {
    const level = levels.children[depth] || make('span', 'level', levels);
    if (!level.firstChild) { make('b', '', level); make('span', '', level); }
    write(level.firstChild, name);
    write(level.lastChild, count);
    level.style.translate = `${left(depth)}px`;
    level.style.width = `${widths[depth] + GAP.column - 8}px`;
  });
};

const occurring = (all) => {
  const seen = new Set();
  for (const state of all) {
    const best = state.marks.includes('winner');
    for (const mark of state.marks) if (!best || !UNDER_BEST.includes(mark)) seen.add(mark);
    if (state.j) seen.add('judging');
    if (state.v !== undefined) seen.add('value');
    if (state.a !== undefined) seen.add(state.a ? 'alive' : 'dead');
  }
  return LEGEND.filter((name) => seen.has(name));
};

const sample = (name, parent) => {
  const drawn = make('span', `box sample ${name}`, parent);
  drawn.setAttribute('aria-hidden', 'true');
  if (name === 'judging' || name === 'value') {
    const score = make('span', 'score', drawn);
    make('span', 'value', score, name === 'value' ? '21' : '?');
    make('span', 'bar', score).style.setProperty('--share', name === 'value' ? 0.6 : 1);
  }
  if (BEFORE.includes(name)) icon(name, drawn);
  if (name === 'alive' || name === 'dead') icon(name, make('span', 'solver', drawn));
  if (name === 'right' || name === 'wrong') icon(name, make('span', 'badge', drawn));
};

const drawLegend = (all) => {
  const names = occurring(all);
  const key = names.map((name) => words[name]).join();
  if (legend.key === key) return;
  legend.key = key;
  legend.textContent = '';
  for (const name of names) {
    const item = make('li', '', legend);
    sample(name, item);
    item.append(words[name]);
  }
};

// The frontier stays in view while the tree grows, until the person scrolls away from it.
const busiest = (order) => {
  const first = (test) => order.find(test);
  return first((s) => s.ghost || s.o !== undefined) || first((s) => s.j)
    || first((s) => s.marks.includes('frontier')) || order.findLast((s) => s.marks.includes('winner'));
};

const into = (scroll, room, from, to) => {
  if (to - from > room || from < scroll) return from;
  return to > scroll + room ? to - room : scroll;
};

// A finished tree opens at its root, which stands half way down.
const showRoot = () => {
  if (!pane.clientHeight) return;
  const spot = spots.get(now.order[0].id);
  pane.scrollTo(0, spot.y + spot.height / 2 - (pane.clientHeight - levels.offsetHeight) / 2);
  fresh = false;
};

new ResizeObserver(() => { if (now && fresh) showRoot(); }).observe(pane);

const follow = (order) => {
  const state = busiest(order);
  if (!state) return;
  const spot = spots.get(state.id);
  const end = state.ghost ? spots.get(`ghost ${state.id}`) : spot;
  const behavior = moving() ? 'smooth' : 'instant';
  pane.scrollTo({
    left: Math.max(into(pane.scrollLeft, pane.clientWidth, spot.x - 24, end.x + end.width + 24), 0),
    top: Math.max(into(pane.scrollTop, pane.clientHeight - levels.offsetHeight, spot.y - 40, spot.y + spot.height + 40), 0),
    behavior,
  });
};

const inView = (spot) =>
  spot.x + spot.width > pane.scrollLeft && spot.x < pane.scrollLeft + pane.clientWidth
  && spot.y + spot.height > pane.scrollTop && spot.y < pane.scrollTop + pane.clientHeight;

let handled = 0;
const byHand = () => { handled = performance.now(); };
for (const kind of ['wheel', 'touchmove', 'keydown']) pane.addEventListener(kind, byHand, { passive: true });
pane.addEventListener('pointerdown', (event) => { if (event.target === pane) byHand(); });
pane.addEventListener('scroll', () => {
  if (!now || performance.now() - handled > 1000) return;
  byHand();
  const state = busiest(now.order);
  following = !!state && inView(spots.get(state.id));
}, { passive: true });

// Drawing ------------------------------------------------------------------------------------------

const begin = (data) => {
  run = data.run;
  chosen.clear();
  [focused, selected, told, laidOut, widths] = ['', '', '', '', []];
  following = !data.ended;
  fresh = true;
};

// The server echoes a selection; an older frame that comes after a click does not undo it.
const select = (data) => {
  if (told !== data.selected) selected = data.selected;
  told = data.selected;
};

const draw = () => {
  const tree = grow(now.nodes);
  lookBelow(tree);
  fold(tree);
  const order = inOrder(tree);
  measure(order);
  layOut(tree, order);
  calm(order);
  const hadFocus = canvas.contains(document.activeElement);
  drawBoxes(order);
  drawGhosts(order);
  drawLevels(headings(order));
  drawLegend(tree.all);
  Object.assign(now, { states: tree.states, order });
  keepFocus(hadFocus);
  if (fresh) showRoot();
  if (following) follow(order);
};

// The one tab stop: the state that had it, or the nearest one above that is still shown.
const keepFocus = (hadFocus) => {
  let state = now.states.get(focused);
  while (state && !boxes.has(state.id)) state = state.parent;
  const stop = state || now.order[0];
  const box = boxes.get(stop.id);
  for (const other of boxes.values()) if (other.root.tabIndex === 0 && other !== box) other.root.tabIndex = -1;
  if (box.root.tabIndex !== 0) box.root.tabIndex = 0;
  focused = stop.id;
  if (hadFocus && document.activeElement !== box.root) box.root.focus({ preventScroll: true });
};

const queue = drawOnChange((data) => {
  host.hidden = !data;
  if (!data) { run = now = null; return; }
  if (!window.d3 || !d3.tree) { setTimeout(queue, 50); return; }
  if (!measured.size) pen.font = `13px ${getComputedStyle(host).fontFamily}`;
  if (data.run !== run) begin(data);
  now = data;
  words = data.words;
  select(data);
  write(title, data.label);
  write(save, words.save);
  write(more, data.more);
  canvas.setAttribute('aria-label', data.label);
  draw();
});

// Mouse and keyboard -------------------------------------------------------------------------------

const pick = (id) => {
  selected = id;
  draw();
  trigger('node_select', { id });
};
const setFolded = (state, folded) => {
  chosen.set(state.id, folded);
  draw();
};
const goTo = (state) => {
  if (!state) return;
  const { root } = boxes.get(state.id);
  root.focus({ preventScroll: true });
  root.scrollIntoView({ block: 'nearest', inline: 'nearest' });
};

canvas.addEventListener('focusin', (event) => {
  const root = event.target.closest('.state');
  if (!root || root.dataset.id === focused) return;
  focused = root.dataset.id;
  keepFocus(false);
});
canvas.addEventListener('click', (event) => {
  const root = event.target.closest('.state');
  if (!root) return;
  const state = now.states.get(root.dataset.id);
  if (event.target.closest('.toggle')) setFolded(state, !state.folded);
  else pick(state.id);
});

const KEYS = {
  ArrowDown: (state, order) => goTo(order[order.indexOf(state) + 1]),
  ArrowUp: (state, order) => goTo(order[order.indexOf(state) - 1]),
  ArrowRight: (state) => (state.folded ? setFolded(state, false) : goTo(state.kids[0])),
  ArrowLeft: (state) => (state.kids.length && !state.folded ? setFolded(state, true) : goTo(state.parent)),
  Home: (_, order) => goTo(order[0]),
  End: (_, order) => goTo(order[order.length - 1]),
  Enter: (state) => pick(state.id),
  ' ': (state) => pick(state.id),
};
canvas.addEventListener('keydown', (event) => {
  const root = event.target.closest('.state');
  const act = KEYS[event.key];
  if (!root || !act || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  act(now.states.get(root.dataset.id), now.order);
});

// The drawing as a file ----------------------------------------------------------------------------

// Letters that XML does not know would spoil the whole file.
const written = (text) => text.replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\uFFFD');

const put = (parent, tag, attributes, text) => {
  const made = shape(tag, '', parent);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = written(text);
  return made;
};

const cutToFit = (letters, room) => {
  let end = letters.length;
  while (end > 1 && pen.measureText(letters.slice(0, end).join('')).width > room) end -= 1;
  return end;
};

const shortened = (letters, room) => {
  const end = cutToFit(letters, room);
  return letters.slice(0, end).join('') + (end < letters.length ? '…' : '');
};

// One line, or two, broken at a space where there is one.
const inLines = (text, room, most) => {
  const letters = Array.from(text);
  const end = cutToFit(letters, room);
  if (end === letters.length || most === 1) return [shortened(letters, room)];
  const space = letters.lastIndexOf(' ', end);
  const [first, rest] = space > 0 ? [space, space + 1] : [end, end];
  return [letters.slice(0, first).join(''), shortened(letters.slice(rest), room)];
};

const saveLink = (drawing, link) => {
  const style = getComputedStyle(link);
  put(drawing, 'path', {
    d: link.getAttribute('d') || '', fill: 'none', stroke: style.stroke,
    'stroke-width': style.strokeWidth, 'stroke-dasharray': style.strokeDasharray,
  });
};

const saveFrame = (drawing, state, spot, style) => {
  const { x, y, width, height } = spot;
  const [fill, stroke] = [style.backgroundColor, style.borderTopColor];
  const dash = { dashed: '4 3', dotted: '1 3' }[style.borderTopStyle] || 'none';
  const thick = { 'stroke-width': style.borderTopWidth, 'stroke-dasharray': dash };
  put(drawing, 'rect', { ...spot, rx: 6, fill, stroke, ...thick });
  if (state.marks.includes('final')) {
    put(drawing, 'rect', { x: x + width - 6, y, width: 6, height, rx: 3, fill: style.borderRightColor });
  }
  if (state.marks.includes('frontier')) {
    const ring = { x: x - 3, y: y - 3, width: width + 6, height: height + 6, rx: 9, fill: 'none' };
    put(drawing, 'rect', { ...ring, stroke: style.getPropertyValue('--accent').trim(), 'stroke-width': 1.5 });
  }
};

const saveIcons = (drawing, box, corner) => {
  for (const drawn of box.root.querySelectorAll('.icon')) {
    const style = getComputedStyle(drawn);
    const place = drawn.getBoundingClientRect();
    const [x, y] = [place.left - corner.left, place.top - corner.top];
    if (box.verdict.contains(drawn)) {
      const ground = getComputedStyle(box.verdict);
      const circle = { cx: x + 7, cy: y + 7, r: 9, fill: ground.backgroundColor };
      put(drawing, 'circle', { ...circle, stroke: ground.borderTopColor, 'stroke-width': 2 });
    }
    put(drawing, 'path', {
      d: drawn.firstChild.getAttribute('d'), transform: `translate(${x} ${y})`, fill: style.fill,
      stroke: style.stroke, 'stroke-width': style.strokeWidth,
    });
  }
};

const saveWords = (drawing, state, box, spot, style) => {
  const middle = spot.y + spot.height / 2 + 4.5;
  const end = spot.x + spot.width - 11 - (state.a === undefined ? 0 : SPACE.alive)
    - (state.marks.includes('final') ? SPACE.final : 0);
  const start = spot.x + 11 + box.before.childElementCount * SPACE.icon;
  const room = end - start - (state.v === undefined ? 0 : SPACE.value);
  const letters = 13 / parseFloat(style.fontSize);
  const lines = inLines(state.label, room * letters, state.height === ROW.two ? 2 : 1);
  const strike = { 'text-decoration': state.marks.includes('invalid') ? 'line-through' : 'none' };
  lines.forEach((line, i) => put(drawing, 'text', {
    x: start, y: middle + (i - (lines.length - 1) / 2) * 17, fill: style.color, 'font-size': style.fontSize, ...strike,
  }, line));
  const small = { 'font-size': 12, 'font-weight': 600 };
  if (state.v !== undefined) {
    const fill = getComputedStyle(box.value).color;
    put(drawing, 'text', { x: end, y: middle - 2, 'text-anchor': 'end', fill, ...small }, state.v);
    const width = BAR * (state.b || 0);
    const ground = getComputedStyle(box.bar).backgroundColor;
    put(drawing, 'rect', { x: end - width, y: middle + 2, width, height: 2, fill: ground });
  }
  if (state.folded) put(drawing, 'text', { x: spot.x + spot.width + 8, y: middle, fill: style.color, ...small }, `+${state.below}`);
};

const asSvg = () => {
  const style = getComputedStyle(host);
  const corner = canvas.getBoundingClientRect();
  const [width, height] = [canvas.offsetWidth, canvas.offsetHeight + 44];
  const drawing = shape('svg');
  const all = { width, height, viewBox: `0 -44 ${width} ${height}`, 'font-family': style.fontFamily, 'font-size': 13 };
  for (const [name, value] of Object.entries(all)) drawing.setAttribute(name, value);
  put(drawing, 'title', {}, title.textContent);
  put(drawing, 'rect', { x: 0, y: -44, width, height, fill: style.getPropertyValue('--paper').trim() });
  headings(now.order).forEach(([name, count], depth) => {
    const heading = { x: left(depth), fill: style.color, 'font-size': 12 };
    put(drawing, 'text', { ...heading, y: -24, 'font-weight': 600 }, name);
    put(drawing, 'text', { ...heading, y: -8 }, count);
  });
  for (const link of svg.querySelectorAll('.link:not(.ghostly)')) saveLink(drawing, link);
  for (const state of now.order) {
    const box = boxes.get(state.id);
    const look = getComputedStyle(box.root);
    saveFrame(drawing, state, spots.get(state.id), look);
    saveWords(drawing, state, box, spots.get(state.id), look);
    saveIcons(drawing, box, corner);
  }
  return new XMLSerializer().serializeToString(drawing);
};

save.addEventListener('click', () => {
  const url = URL.createObjectURL(new Blob([asSvg()], { type: 'image/svg+xml' }));
  const anchor = make('a');
  anchor.href = url;
  anchor.download = 'thoughtscope-tree.svg';
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
});
