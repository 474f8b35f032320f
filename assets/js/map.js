// The pool as a map, in pixels of its own. Points are made once; a frame touches only the marks that
// have changed. The fixed part, with all questions, waits in a slot of its own.
const SVG = 'http://www.w3.org/2000/svg';
const PAD = { side: 26, top: 26 };
const NEAR = 22;
const CROWD = 600;
const DIAMOND = 'M0-9L9 0L0 9L-9 0Z';
const CROSS = 'M-9 0H9M0-9V9';
const STRIKE = 'M-5-5L5 5M5-5L-5 5';

const host = element.querySelector('.ts-map');
const step = make('div', 'map-progress', host);
const stepText = make('p', '', step);
const stepName = make('span', '', stepText);
const stepOf = make('span', 'map-of', stepText);
const stepBar = make('div', 'map-bar', step);
const stepFill = make('span', '', stepBar);
stepBar.setAttribute('role', 'progressbar');
const title = make('h3', 'map-title', host);
const body = make('div', 'map-body', host);
const pane = make('div', 'map-pane', body);
const side = make('div', 'map-side', body);
const seen = make('section', 'map-seen', side);
const legend = make('ul', 'map-legend', side);
const caption = make('p', 'map-caption', host);
const seenHead = make('p', 'map-seen-head', seen);
const seenText = make('p', 'map-seen-text', seen);
const seenState = make('p', 'map-seen-state', seen);
seenText.dir = 'auto';

const shape = (tag, name, parent, attributes = {}) => {
  const made = document.createElementNS(SVG, tag);
  if (name) made.setAttribute('class', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (parent) parent.appendChild(made);
  return made;
};
// Points never change, so they lie in a drawing of their own: a mark does not paint them anew.
const ground = shape('svg', 'map-ground', pane);
const pointLayer = shape('g', 'points', ground, { role: 'list' });
const svg = shape('svg', 'map-drawing', pane);
const lineLayer = shape('g', 'lines', svg, { 'aria-hidden': 'true' });
const centreLayer = shape('g', 'centres', svg);
const markLayer = shape('g', 'marks', svg);
const askedLayer = shape('g', 'asked', svg);
const numberLayer = shape('g', 'numbers', svg, { 'aria-hidden': 'true' });
const halo = shape('circle', 'halo', svg, { r: 9, 'aria-hidden': 'true' });

const poolSlot = slotOf(element.closest('.block').id.replace(/map$/, 'pool'));
// What is drawn: the fixed part as it came and as it was read, and what moves upon it.
let came = '';
let pool = null;
let now = { marks: [], lines: [], selected: '' };
let points = [];
let spots = [];
let centres = [];
let asked = null;
const marks = new Map();
const lines = new Map();
// Where a person is: the point that is pointed at, and the stop of the keyboard.
let looked = null;
let stop = '';

const fillIn = (sentence, blanks) => sentence.replace(/\{(\w+)\}/g, (_, name) => blanks[name]);
const colourOf = (cluster) => pool.colours[cluster] || 'currentColor';
const clusterName = (cluster) => fillIn(pool.words.cluster, { n: cluster + 1 });

// The fixed part --------------------------------------------------------------------------------

const sample = (name, parent) => {
  const drawn = shape('svg', 'map-sample', parent, { viewBox: '-11 -11 22 22', 'aria-hidden': 'true' });
  if (name === 'centre') shape('path', 'cross', drawn, { d: CROSS });
  else if (name === 'asked') shape('path', 'diamond', drawn, { d: DIAMOND });
  else drawMark(shape('g', `mark ${name}`, drawn));
};
// One set of shapes for each mark; its class shows those that its standing has.
const drawMark = (group) => {
  shape('circle', 'veil', group, { r: 6 });
  shape('circle', 'pulse', group, { r: 9 });
  shape('circle', 'ring', group, { r: 9 });
  shape('circle', 'core', group, { r: 5.5 });
  shape('path', 'strike', group, { d: STRIKE });
};

const build = () => {
  for (const layer of [pointLayer, markLayer, lineLayer, centreLayer, numberLayer, askedLayer, legend]) layer.textContent = '';
  marks.clear();
  lines.clear();
  looked = null;
  const few = pool.questions.length <= CROWD;
  ground.classList.toggle('crowd', !few);
  const drawn = document.createDocumentFragment();
  points = pool.questions.map((question, q) => {
    const cluster = pool.clusters[q];
    const point = shape('circle', cluster % 16 > 7 ? 'hollow' : '', drawn, {
      r: few ? 5 : 3.2, role: 'listitem',
      'aria-label': fillIn(pool.words.point, { cluster: clusterName(cluster), question }),
    });
    point.style.setProperty('--cluster', colourOf(cluster));
    return point;
  });
  pointLayer.appendChild(drawn);
  centres = pool.centres.map(({ name }, cluster) => buildCentre(name, cluster));
  asked = pool.asked && buildAsked();
  for (const [name, words] of pool.legend) {
    const item = make('li', '', legend);
    sample(name, item);
    make('span', '', item, words);
  }
  write(title, pool.title);
  write(caption, pool.caption);
  svg.setAttribute('aria-label', pool.words.keys);
  if (!centres[+stop.slice(1)] || stop[0] !== 'c') stop = 'c0';
};

const buildCentre = (name, cluster) => {
  const root = shape('g', 'centre', centreLayer, { role: 'button', tabindex: -1, 'aria-label': name });
  root.dataset.stop = `c${cluster}`;
  root.style.setProperty('--cluster', colourOf(cluster));
  shape('circle', 'ground', root, { r: 12 });
  shape('path', 'cross', root, { d: CROSS });
  // Its number stands over the marks, so that it is read whatever becomes of the walk.
  root.number = shape('text', '', numberLayer);
  root.number.textContent = cluster + 1;
  return root;
};

const buildAsked = () => {
  const root = shape('g', 'asked-mark', askedLayer, { role: 'img', 'aria-label': pool.words.asked });
  shape('path', 'diamond', root, { d: DIAMOND });
  const words = shape('text', '', root, { y: 4 });
  words.textContent = pool.words.asked;
  return { root, words };
};

// Where everything is ---------------------------------------------------------------------------

// The box of all that is drawn, fitted into the pane with one scale for both axes; y goes upwards.
const fitted = (width, height) => {
  const all = [...pool.points, ...pool.centres.map(({ at }) => at), ...(pool.asked ? [pool.asked] : [])];
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [x, y] of all) {
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [low, high] = [Math.min(low, y), Math.max(high, y)];
  }
  const across = (width - 2 * PAD.side) / Math.max(right - left, 1e-6);
  const along = (height - 2 * PAD.top) / Math.max(high - low, 1e-6);
  const scale = Math.min(across, along, 4 * Math.max(width, height));
  const [x0, y0] = [(width - scale * (right - left)) / 2, (height - scale * (high - low)) / 2];
  return ([x, y]) => [x0 + scale * (x - left), height - y0 - scale * (y - low)].map((at) => Math.round(at * 10) / 10);
};

const moveTo = (node, [x, y]) => node.setAttribute('transform', `translate(${x} ${y})`);

let placedFor = '';
const place = () => {
  const [width, height] = [pane.clientWidth, pane.clientHeight];
  const key = `${width} ${height}`;
  if (!pool || !width || key === placedFor) return;
  placedFor = key;
  for (const drawing of [ground, svg]) drawing.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const at = fitted(width, height);
  spots = pool.points.map(at);
  if (asked) placeAsked(at(pool.asked), width);
  spots.forEach(([x, y], q) => {
    points[q].setAttribute('cx', x);
    points[q].setAttribute('cy', y);
  });
  centres.forEach((root, cluster) => {
    root.spot = at(pool.centres[cluster].at);
    moveTo(root, root.spot);
    placeNumber(root);
  });
  for (const mark of marks.values()) moveTo(mark.root, spots[mark.data.q]);
  for (const line of lines.values()) line.key = '';
  drawLines();
};

// Above its centre, to the right; below it, to the left, where the question asked lies in the way.
const placeNumber = ({ spot, number }) => {
  const [x, y] = asked ? [asked.spot[0] - spot[0], asked.spot[1] - spot[1]] : [NaN, NaN];
  const below = x > -120 && x < 40 && y > -36 && y < 12;
  number.setAttribute('x', below ? -11 : 11);
  number.setAttribute('y', below ? 21 : -10);
  number.setAttribute('text-anchor', below ? 'end' : 'start');
  moveTo(number, spot);
};

const placeAsked = (spot, width) => {
  asked.spot = spot;
  moveTo(asked.root, spot);
  const right = spot[0] < width * 0.6;
  asked.words.setAttribute('x', right ? 14 : -14);
  asked.words.setAttribute('text-anchor', right ? 'start' : 'end');
};

// What moves ------------------------------------------------------------------------------------

const STANDINGS = new Set(['trying', 'rejected', 'taken', 'unfinished']);
const buildMark = (data) => {
  const root = shape('g', 'mark', markLayer, { role: 'button', tabindex: -1 });
  root.dataset.stop = `n${data.i}`;
  drawMark(root);
  const mark = { root, key: '' };
  marks.set(data.i, mark);
  return mark;
};

const fillMark = (mark, data) => {
  const chosen = data.i === now.selected;
  const key = `${data.s}|${data.q}|${data.t}|${chosen}`;
  if (key === mark.key) return;
  mark.key = key;
  mark.data = data;
  const { root } = mark;
  root.setAttribute('class', `mark ${STANDINGS.has(data.s) ? data.s : ''}${chosen ? ' chosen' : ''}`);
  root.style.setProperty('--cluster', colourOf(pool.clusters[data.q]));
  root.setAttribute('aria-pressed', chosen);
  root.setAttribute('aria-label', `${clusterName(pool.clusters[data.q])}. ${data.t}. ${pool.questions[data.q]}`);
  if (spots[data.q]) moveTo(root, spots[data.q]);
};

const drawMarks = () => {
  const there = new Set(now.marks.map(({ i }) => i));
  for (const [id, mark] of marks) {
    if (there.has(id)) continue;
    mark.root.remove();
    marks.delete(id);
  }
  for (const data of now.marks) fillMark(marks.get(data.i) || buildMark(data), data);
};

const drawLines = () => {
  const there = new Set();
  for (const { from, to } of now.lines) {
    there.add(from);
    const line = lines.get(from) || { path: shape('path', '', lineLayer), key: '' };
    lines.set(from, line);
    const start = from === 'asked' ? asked?.spot : centres[from]?.spot;
    const key = to.join();
    if (key === line.key || !spots.length) continue;
    line.key = key;
    const way = [...(start ? [start] : []), ...to.map((q) => spots[q])];
    line.path.setAttribute('d', `M${way.join('L')}`);
    line.path.style.setProperty('--cluster', from === 'asked' ? 'var(--quiet)' : colourOf(from));
  }
  for (const [from, line] of lines) if (!there.has(from)) { line.path.remove(); lines.delete(from); }
};

// What is pointed at, read out beside the map -----------------------------------------------------

const markOf = (q) => now.marks.findLast((mark) => mark.q === q);
const showSeen = () => {
  const mark = looked?.q === undefined ? null : markOf(looked.q);
  const cluster = looked?.q === undefined ? looked?.cluster : pool.clusters[looked.q];
  seen.classList.toggle('nothing', !looked);
  seen.style.setProperty('--cluster', cluster === undefined ? 'transparent' : colourOf(cluster));
  const named = cluster !== undefined && cluster >= 0;
  write(seenHead, looked?.asked ? pool.words.asked : named ? clusterName(cluster) : '');
  write(seenText, !looked ? pool.words.hint
    : looked.q !== undefined ? pool.questions[looked.q]
      : looked.asked ? '' : pool.centres[cluster].name);
  write(seenState, looked?.q === undefined ? '' : mark ? mark.t : pool.words.untouched);
  seenState.className = `map-seen-state ${mark && STANDINGS.has(mark.s) ? mark.s : ''}`;
  const spot = !looked ? null : looked.q !== undefined ? spots[looked.q] : null;
  halo.style.display = spot ? '' : 'none';
  if (spot) { halo.setAttribute('cx', spot[0]); halo.setAttribute('cy', spot[1]); }
};

const look = (wanted) => {
  if (looked?.q === wanted?.q && looked?.cluster === wanted?.cluster && looked?.asked === wanted?.asked) return;
  looked = wanted;
  showSeen();
};

// The nearest thing to the pointer: small points are easily met. Candidates come before the rest.
const nearest = (event) => {
  const box = svg.getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  let [best, least] = [null, NEAR * NEAR];
  const meet = (spot, what, ease = 0) => {
    const far = (spot[0] - x) ** 2 + (spot[1] - y) ** 2 - ease;
    if (far < least) [best, least] = [what, far];
  };
  spots.forEach((spot, q) => meet(spot, { q }));
  for (const { q } of now.marks) meet(spots[q], { q }, 16);
  centres.forEach((root, cluster) => meet(root.spot, { cluster }));
  if (asked) meet(asked.spot, { asked: true });
  return best;
};

let pointed = 0;
svg.addEventListener('pointermove', (event) => {
  if (!pool || pointed) return;
  pointed = requestAnimationFrame(() => { pointed = 0; look(nearest(event)); });
});
svg.addEventListener('pointerleave', () => {
  cancelAnimationFrame(pointed);
  pointed = 0;
  look(focusedStop());
});
svg.addEventListener('click', (event) => {
  const met = pool && nearest(event);
  look(met);
  const mark = met?.q === undefined ? null : markOf(met.q);
  if (mark) { setStop(`n${mark.i}`); trigger('node_select', { id: mark.i }); }
});

// By keyboard: one stop of Tab; a walk to the right and left, from cluster to cluster up and down ----

const stopNode = (name) => (name[0] === 'c' ? centres[+name.slice(1)] : marks.get(name.slice(1))?.root);
const lookAt = (name) => (name[0] === 'c' ? { cluster: +name.slice(1) } : { q: marks.get(name.slice(1)).data.q });
const focusedStop = () => {
  const name = document.activeElement?.dataset?.stop;
  return svg.contains(document.activeElement) && name && stopNode(name) ? lookAt(name) : null;
};
const setStop = (name) => {
  stopNode(stop)?.setAttribute('tabindex', -1);
  stop = stopNode(name) ? name : 'c0';
  stopNode(stop)?.setAttribute('tabindex', 0);
};
const walkOf = (name) => {
  const walk = name[0] === 'c' ? +name.slice(1) : marks.get(name.slice(1)).data.w;
  const own = now.marks.filter(({ w }) => w === walk).map(({ i }) => `n${i}`);
  return { walk, stops: centres[walk] ? [`c${walk}`, ...own] : own };
};
const goAlong = (by) => (name) => {
  const { stops } = walkOf(name);
  return stops[stops.indexOf(name) + by];
};
const goAcross = (by) => (name) => {
  const { walk } = walkOf(name);
  return centres[walk + by] && `c${walk + by}`;
};
const KEYS = {
  ArrowRight: goAlong(1), ArrowLeft: goAlong(-1), ArrowDown: goAcross(1), ArrowUp: goAcross(-1),
  Home: (name) => walkOf(name).stops[0], End: (name) => walkOf(name).stops.at(-1),
};
svg.addEventListener('keydown', (event) => {
  const name = event.target.dataset?.stop;
  if (!name || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  if (event.key === 'Enter' || event.key === ' ') {
    event.preventDefault();
    if (name[0] === 'n') trigger('node_select', { id: name.slice(1) });
  } else if (KEYS[event.key]) {
    event.preventDefault();
    const next = KEYS[event.key](name);
    if (next) { setStop(next); stopNode(next).focus({ preventScroll: true }); }
  }
});
svg.addEventListener('focusin', (event) => {
  const name = event.target.dataset?.stop;
  if (!name) return;
  setStop(name);
  look(lookAt(name));
});
svg.addEventListener('focusout', () => look(null));

// Drawing ---------------------------------------------------------------------------------------

const drawProgress = (data) => {
  step.hidden = !data;
  if (!data) return;
  write(stepName, data.text);
  write(stepOf, data.of);
  // A step that cannot tell how far it is has no bar, rather than one that stands still.
  stepBar.style.visibility = data.share === null ? 'hidden' : '';
  stepFill.style.width = `${100 * data.share}%`;
  stepBar.setAttribute('aria-label', data.text);
  stepBar.setAttribute('aria-valuenow', Math.round(100 * data.share));
};

const takePool = () => {
  if (poolSlot.small === came) return;
  came = poolSlot.small;
  pool = JSON.parse(came);
  spots = [];
  placedFor = '';
  if (pool) build();
};

const queue = drawOnChange((data) => {
  takePool();
  host.hidden = !data;
  drawProgress(data?.progress);
  const drawn = !!data && !!pool && !data.progress;
  for (const part of [title, body, caption]) part.hidden = !drawn;
  if (!drawn) return;
  now = data;
  svg.classList.toggle('running', data.running);
  drawMarks();
  place();
  drawLines();
  setStop(stopNode(stop) ? stop : 'c0');
  showSeen();
});
poolSlot.queue = queue;
// When it is shown or turned, everything finds its place again.
new ResizeObserver(place).observe(pane);
