// The growth of thinking: a bar a chain, all on one scale. Plain boxes, placed in percent; only the
// answers above a bar are placed in pixels, so that they never lie on one another.
const host = element.querySelector('.ts-growth');
const title = make('h3', 'growth-title', host);
const plot = make('div', 'growth-plot', host);
const axis = make('div', 'growth-axis', host);
axis.setAttribute('aria-hidden', 'true');
const keys = make('ul', 'growth-keys', host);
const tales = make('div', 'growth-tales', host);
const more = make('p', 'more', host);
const bars = [];
const SVG = 'http://www.w3.org/2000/svg';
const CHIP = { width: 40, gap: 3, drop: 14 };
const MARKS = new Set(['looped', 'suppressed', 'cut']);
const STEPS = new Set(['better', 'worse', 'looped']);
const SIGNS = new Set(['forced', 'looped', 'cut']);
const VERDICTS = { right: '✓', wrong: '✗' };
let last = null;
let drawnAt = 0;

const pick = (button, held) => button.addEventListener('click', () => trigger('node_select', { id: held.id }));
// As many children as there are things, and each filled with its own.
const each = (list, things, create, fill) => {
  while (list.length < things.length) list.push(create());
  for (const spare of list.splice(things.length)) spare.root.remove();
  things.forEach((thing, i) => fill(list[i], thing));
};

const buildBar = () => {
  const root = make('section', 'growth-chain', plot);
  const head = make('header', 'chain-head', root);
  const bar = { root, rounds: [], answers: [], lines: [] };
  bar.title = make('h4', '', head);
  bar.tokens = make('span', '', head);
  bar.above = make('div', 'growth-above', root);
  bar.leaders = bar.above.appendChild(document.createElementNS(SVG, 'svg'));
  bar.leaders.setAttribute('aria-hidden', 'true');
  bar.track = make('div', 'growth-track', root);
  bar.budget = make('div', 'growth-budget', bar.track);
  bar.named = make('span', '', make('div', 'growth-limit', root));
  return bar;
};

const buildRound = (bar) => () => {
  const root = make('button', 'growth-round', bar.track);
  const round = { root, number: make('span', '', root), id: '' };
  root.type = 'button';
  pick(root, round);
  return round;
};

const fillRound = (round, data, i) => {
  round.id = data.id;
  const marks = data.marks.filter((mark) => MARKS.has(mark));
  round.root.className = ['growth-round', i % 2 ? 'even' : '', data.forced ? 'after' : '',
    data.writing ? 'writing' : '', ...marks].filter(Boolean).join(' ');
  round.root.style.left = `${data.from}%`;
  round.root.style.width = `${data.width}%`;
  round.root.title = data.label;
  round.root.setAttribute('aria-label', data.label);
  round.root.setAttribute('aria-pressed', data.selected);
  write(round.number, data.number);
};

const buildAnswer = (bar) => () => {
  const root = make('button', 'growth-answer', bar.above);
  const answer = { root, id: '' };
  root.type = 'button';
  answer.letter = make('span', 'letter', root);
  answer.verdict = make('span', 'verdict', root);
  answer.line = bar.leaders.appendChild(document.createElementNS(SVG, 'path'));
  pick(root, answer);
  return answer;
};

const fillAnswer = (answer, data) => {
  answer.id = data.id;
  answer.root.className = `growth-answer ${data.state}${data.main ? ' last' : ''}`;
  answer.root.title = data.label;
  answer.root.setAttribute('aria-label', data.label);
  answer.root.setAttribute('aria-pressed', data.selected);
  write(answer.letter, data.letter);
  answer.letter.style.background = data.colour;
  answer.letter.style.color = data.ink;
  write(answer.verdict, VERDICTS[data.verdict] || '');
  answer.verdict.dataset.verdict = data.verdict;
};

// Each answer over the end of its round; where there is no room, it is pushed aside, and a line
// leads to its place.
const placeAnswers = (bar, ends, width) => {
  const step = Math.min(CHIP.width + CHIP.gap, width / Math.max(ends.length, 1));
  const lefts = ends.map((end) => end - CHIP.width / 2);
  lefts.forEach((left, i) => { lefts[i] = Math.max(left, i ? lefts[i - 1] + step : 0); });
  for (let i = lefts.length - 1; i >= 0; i--) {
    lefts[i] = Math.min(lefts[i], i === lefts.length - 1 ? width - CHIP.width : lefts[i + 1] - step);
  }
  bar.answers.forEach(({ root, line }, i) => {
    root.style.left = `${Math.max(lefts[i], 0)}px`;
    const from = Math.max(lefts[i], 0) + CHIP.width / 2;
    line.setAttribute('d', `M${from} 0C${from} ${CHIP.drop / 2} ${ends[i]} ${CHIP.drop / 2} ${ends[i]} ${CHIP.drop}`);
  });
};

const fillBar = (bar, data, width) => {
  write(bar.title, data.title);
  write(bar.tokens, data.tokens);
  let i = 0;
  each(bar.rounds, data.rounds, buildRound(bar), (round, one) => fillRound(round, one, i++));
  const answered = data.rounds.filter((round) => round.answer);
  for (const spare of bar.answers.slice(answered.length)) spare.line.remove();
  each(bar.answers, answered, buildAnswer(bar), (answer, one) => fillAnswer(answer, one.answer));
  placeAnswers(bar, answered.map((round) => (width * (round.from + round.width)) / 100), width);
  bar.budget.hidden = !data.budget || data.budget.outside;
  bar.named.parentNode.hidden = !data.budget;
  if (!data.budget) return;
  const { at, text } = data.budget;
  bar.budget.style.left = `${at}%`;
  write(bar.named, text);
  // On the side of its line on which there is room.
  bar.named.style.left = at > 60 ? '' : `${at}%`;
  bar.named.style.right = at > 60 ? `${100 - at}%` : '';
};

const marks = [];
const grid = (bar, ticks) => each(bar.lines, ticks,
  () => ({ root: bar.track.insertBefore(make('i', ''), bar.track.firstChild) }),
  (line, { at }) => { line.root.style.left = `${at}%`; });

const fillAxis = (ticks) => each(marks, ticks, () => ({ root: make('span', '', axis) }), ({ root }, { at, text }) => {
  root.style.left = `${at}%`;
  root.className = at > 97 ? 'end' : at ? '' : 'start';
  write(root, text);
});

// What changes seldom is made anew where it has changed.
const anew = (place, data, create) => {
  const key = JSON.stringify(data);
  if (place.key === key) return;
  place.key = key;
  place.textContent = '';
  create(data);
};

const writeKeys = ([answers, legend]) => {
  for (const { letter, colour, ink, name, verdict } of answers) {
    const item = make('li', '', keys);
    const sign = make('span', 'letter', item, letter);
    sign.style.background = colour;
    sign.style.color = ink;
    make('span', 'growth-name', item, name);
    make('span', 'verdict', item, VERDICTS[verdict] || '').dataset.verdict = verdict;
  }
  for (const [sign, words] of legend) {
    const item = make('li', '', keys);
    make('span', `growth-sign ${SIGNS.has(sign) ? sign : ''}`, item);
    make('span', '', item, words);
  }
};

// While it runs, the latest step alone: a list that grows would push down what is read below it.
const writeTales = ({ running, chains }) => {
  for (const { title: name, told } of chains) {
    if (!told.steps.length && !told.sum) continue;
    const tale = make('section', '', tales);
    if (chains.length > 1) make('h4', '', tale, name);
    if (told.sum) make('p', 'growth-sum', tale, told.sum);
    if (running && told.sum) continue;
    const list = make('ol', '', tale);
    for (const [kind, words] of running ? told.steps.slice(-1) : told.steps) {
      make('li', STEPS.has(kind) ? kind : '', list, words);
    }
    if (told.tokens) make('p', 'growth-tokens', tale, told.tokens);
  }
};

const draw = (data) => {
  last = data;
  host.hidden = !data;
  if (!data) return;
  const width = drawnAt = plot.clientWidth;
  write(title, data.title);
  write(more, data.more);
  each(bars, data.chains, buildBar, (bar, chain) => {
    fillBar(bar, chain, width);
    grid(bar, data.ticks);
  });
  fillAxis(data.ticks);
  anew(keys, [data.answers, data.legend], writeKeys);
  host.classList.toggle('running', data.running);
  const chains = data.chains.map((chain) => ({ title: chain.title, told: chain.told }));
  anew(tales, { running: data.running, chains }, writeTales);
};
drawOnChange(draw);
// When it is shown or turned, the answers find their places again.
new ResizeObserver(() => { if (last && plot.clientWidth !== drawnAt) draw(last); }).observe(plot);
