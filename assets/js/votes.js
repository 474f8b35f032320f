// The histogram is drawn by plotly from a figure made in Python; the row of buttons below it does
// the same for the keyboard.
const host = element.querySelector('.ts-votes');
const title = make('p', 'votes-title', host);
title.setAttribute('aria-live', 'polite');
const chart = make('div', 'votes-chart', host);
chart.setAttribute('role', 'img');
const axis = make('p', 'votes-axis', host);
const row = make('div', 'votes-row', host);
row.setAttribute('role', 'group');
let busy = false;
let bound = false;
const buttons = new Map();

const colour = (name) => getComputedStyle(element).getPropertyValue(name).trim();
const select = (key) => trigger('bar_select', { key });

const plot = async (data) => {
  if (busy || !window.Plotly) { queue(); return; }
  busy = true;
  try {
    const { figure } = data;
    const ink = colour('--ink');
    const layout = Object.assign({}, figure.layout, {
      paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', autosize: true,
      font: { color: ink, family: getComputedStyle(element).fontFamily, size: 13 },
    });
    layout.xaxis = Object.assign({ gridcolor: colour('--hairline') }, layout.xaxis);
    const bar = figure.data[0];
    bar.marker.line.color = ink;
    bar.marker.opacity = data.bars.map((b) => (data.bars.some((o) => o.pressed) && !b.pressed ? 0.35 : 1));
    chart.style.height = `${figure.layout.height}px`;
    await Plotly.react(chart, figure.data, layout, { responsive: true, displayModeBar: false });
    if (!bound) {
      bound = true;
      chart.on('plotly_click', (event) => select(event.points[0].customdata));
    }
  } finally { busy = false; }
};

const button = (key) => {
  const made = make('button', 'chip', row);
  made.type = 'button';
  made.letter = make('span', 'letter', made);
  made.words = make('span', '', made);
  made.addEventListener('click', () => select(key));
  buttons.set(key, made);
  return made;
};

const chips = (data) => {
  const pressed = data.bars.find((bar) => bar.pressed);
  const all = { key: null, letter: '', name: data.all, shown: '', pressed: !pressed };
  const seen = new Set();
  let place = row.firstChild;
  for (const bar of [all, ...data.bars]) {
    seen.add(bar.key);
    const chip = buttons.get(bar.key) || button(bar.key);
    write(chip.letter, bar.letter);
    chip.letter.hidden = !bar.letter;
    chip.letter.style.background = bar.colour || '';
    chip.letter.style.color = bar.ink || '';
    write(chip.words, bar.shown ? `${bar.name} · ${bar.shown}` : bar.name);
    chip.setAttribute('aria-pressed', !!bar.pressed);
    // A chip that is moved loses the keyboard's focus, so only one that must is.
    if (chip === place) place = place.nextSibling;
    else row.insertBefore(chip, place);
  }
  for (const [key, chip] of buttons) if (!seen.has(key)) { chip.remove(); buttons.delete(key); }
};

const queue = drawOnChange((data) => {
  host.hidden = !data;
  if (!data) return;
  write(title, data.title);
  write(axis, data.weight);
  chart.setAttribute('aria-label', data.title);
  row.setAttribute('aria-label', data.label);
  chips(data);
  plot(data);
});
new MutationObserver(queue).observe(document.body, { attributes: true, attributeFilter: ['class'] });
