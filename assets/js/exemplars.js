// The editor of a set of exemplars. Its value is the text of the set; "" is the set that fits the
// question, or of demonstrations, none. A person changes it here; words, and what the server knows
// of the set, come in a frame. What is kept in the slot outlives a fold that is taken off the page.
const { sets, most, longest, editor } = JSON.parse(props.settings);
const TEXTS = ['question', 'rationale', 'equation', 'answer'];
const OWN = 'own';
const TYPING_MS = 250;
const picks = editor === 'exemplars';
const slot = slotOf(element.closest('.block').id);
// `drafts`: sets by the name they are picked by, as they were left; `origins`: as they came.
const kept = (slot.kept ??= { picked: '', drafts: new Map(), origins: new Map(), value: '' });
let data = null;
let fits = '';
let now = { name: '', rows: [] };

const fillIn = (sentence, blanks) => sentence.replace(/\{(\w+)\}/g, (_, name) => blanks[name]);
const word = (name, blanks = {}) => fillIn(data?.words[name] ?? '', blanks);
const button = (name, parent, act) => {
  const made = make('button', name, parent);
  made.type = 'button';
  made.addEventListener('click', act);
  return made;
};

// Sets ------------------------------------------------------------------------------------------

const read = (set) => ({
  ...set,
  rows: set.exemplars.map((exemplar, home) => ({ ...exemplar, home, tokens: '–', tampered: false })),
});
const none = () => read({ name: '', kind: 'number', language: 'en', origin: null, exemplars: [] });
const texts = (row) => Object.fromEntries([...TEXTS, 'on', 'made'].map((name) => [name, row[name]]));
const plain = ({ name, kind, language, origin, rows }) => (
  { thoughtscope_exemplars: 1, name, kind, language, origin, exemplars: rows.map(texts) });
const complete = (row) => !!row.question.trim() && !!row.answer.trim();
const same = (a, b) => JSON.stringify(plain(a)) === JSON.stringify(plain(b));
const original = (name) => (name in sets ? read(sets[name]) : structuredClone(kept.origins.get(name) ?? none()));
const unused = () => {
  let name = OWN;
  for (let n = 2; kept.drafts.has(name); n++) name = `${OWN}-${n}`;
  return name;
};
// The set that is picked, as it was left.
const current = () => {
  if (picks && kept.picked === '') return fits in sets ? original(fits) : none();
  return kept.drafts.get(kept.picked) ?? original(kept.picked);
};

// Python makes the same sum of the same value: so it is known whether what it tells is of this one.
const checksum = (value) => {
  let [a, b] = [1, 0];
  for (const byte of new TextEncoder().encode(value)) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
};

const valueOf = () => {
  if (picks ? kept.picked === '' : !now.rows.length) return '';
  return JSON.stringify(plain(now));
};
let typing = 0;
const send = () => {
  clearTimeout(typing);
  typing = 0;
  kept.value = valueOf();
  if (kept.value !== props.value) props.value = kept.value;
};
const sendSoon = () => {
  clearTimeout(typing);
  typing = setTimeout(send, TYPING_MS);
};
// Whoever changes the set that fits the question has chosen it; what was changed in it before stays.
const touch = () => {
  if (picks && kept.picked === '') {
    const before = kept.drafts.get(fits);
    if (before && !same(before, original(fits))) {
      const name = unused();
      kept.drafts.set(name, before);
      kept.origins.set(name, structuredClone(before));
    }
    kept.picked = fits;
  }
  kept.drafts.set(kept.picked, now);
};
const change = () => {
  touch();
  send();
  draw();
};

// What the server has put there: a file's set, or the demonstrations of a run.
const take = () => {
  if (props.value === kept.value) return;
  kept.value = props.value;
  if (!props.value) {
    kept.picked = '';
    if (!picks) kept.drafts.clear();
  } else {
    const came = read(JSON.parse(props.value));
    kept.picked = picks ? unused() : OWN;
    kept.drafts.set(kept.picked, came);
    kept.origins.set(kept.picked, structuredClone(came));
  }
  now = current();
  draw();
};

// The page --------------------------------------------------------------------------------------

const host = element.querySelector('.ts-exemplars');
const field = (name, tag, parent) => {
  const root = make('label', `ex-field ex-${name}`, parent);
  const label = make('span', '', root);
  const input = make(tag, '', root);
  input.maxLength = longest;
  return { label, input };
};
const chooser = make('label', 'ex-field ex-pick', host);
const chooserLabel = make('span', '', chooser);
const select = make('select', '', chooser);
select.id = `${editor}-pick`;
chooser.hidden = !picks;
const fitting = make('p', 'ex-fits', host);
const origin = make('p', 'ex-origin', host);
const order = make('div', 'ex-order', host);
const counted = make('span', 'ex-count', order);
const shuffler = button('ex-shuffle', order, () => shuffle());
const seedLabel = make('label', 'ex-seed', order);
const seedName = make('span', '', seedLabel);
const seed = make('input', '', seedLabel);
Object.assign(seed, { type: 'number', min: '0', max: '999999999', step: '1', value: kept.seed ?? '1' });
seed.addEventListener('input', () => { kept.seed = seed.value; });
const list = make('ol', 'ex-list', host);
const empty = make('p', 'ex-empty', host);
const foot = make('div', 'ex-foot', host);
const adder = button('ex-add', foot, () => add());
const undoer = button('ex-undo', foot, () => undo());
const saver = button('ex-save', foot, () => save());
const forgetter = button('ex-forget', foot, () => forget());
forgetter.hidden = picks;
[['shuffle', shuffler], ['seed', seed], ['add', adder], ['undo', undoer], ['save', saver], ['forget', forgetter]]
  .forEach(([name, node]) => { node.id = `${editor}-${name}`; });
const full = make('p', 'ex-full', host);
const wrong = make('p', 'ex-wrong', host);
wrong.setAttribute('role', 'status');
const told = make('p', 'ex-told', host);
told.setAttribute('aria-live', 'polite');

const boxes = new Map();
let ids = 0;
const boxOf = (row) => {
  row.id ??= `${++ids}`;
  if (!boxes.has(row.id)) boxes.set(row.id, box(row));
  const made = boxes.get(row.id);
  made.row = row;
  return made;
};
const box = (row) => {
  const made = { row };
  made.root = make('li', 'ex-row');
  const line = make('div', 'ex-line', made.root);
  made.on = make('input', 'ex-on', line);
  made.on.type = 'checkbox';
  made.number = make('span', 'ex-number', line);
  made.open = button('ex-open', line, () => { made.row.open = !made.row.open; draw(); });
  made.asked = make('span', 'ex-asked', made.open);
  made.changed = make('span', 'ex-changed', made.open);
  made.tokens = make('span', 'ex-tokens', line);
  made.up = button('ex-up', line, () => move(made, -1));
  made.down = button('ex-down', line, () => move(made, 1));
  made.up.textContent = '↑';
  made.down.textContent = '↓';
  made.fields = make('div', 'ex-fields', made.root);
  made.inputs = Object.fromEntries(TEXTS.map((name) => {
    const one = field(name, name === 'equation' || name === 'answer' ? 'input' : 'textarea', made.fields);
    one.input.addEventListener('input', () => {
      made.row[name] = one.input.value;
      touch();
      sendSoon();
      draw();
    });
    return [name, one];
  }));
  const acts = make('div', 'ex-acts', made.fields);
  made.replace = button('ex-replace', acts, () => replace(made));
  made.remove = button('ex-remove', acts, () => remove(made));
  made.on.addEventListener('change', () => { made.row.on = made.on.checked; change(); });
  return made;
};

const say = (words) => { told.textContent = words; };
const move = (made, by) => {
  const place = now.rows.indexOf(made.row);
  now.rows.splice(place, 1);
  now.rows.splice(place + by, 0, made.row);
  change();
  const [pressed, other] = by < 0 ? [made.up, made.down] : [made.down, made.up];
  (pressed.disabled ? other : pressed).focus();
  say(word('moved', { n: place + by + 1, all: now.rows.length }));
};
const replace = (made) => {
  for (const name of TEXTS) made.row[name] = '';
  change();
  made.inputs.question.input.focus();
};
const remove = (made) => {
  const place = now.rows.indexOf(made.row);
  now.rows.splice(place, 1);
  change();
  const next = now.rows[Math.min(place, now.rows.length - 1)];
  (next ? boxOf(next).open : adder).focus();
};
const add = () => {
  const home = Math.max(-1, ...now.rows.map((row) => row.home)) + 1;
  const row = { question: '', rationale: '', equation: '', answer: '', on: true, made: '', home, tokens: '–', open: true };
  now.rows.push(row);
  change();
  boxOf(row).inputs.question.input.focus();
};
const undo = () => {
  now = original(kept.picked);
  change();
};
const forget = () => {
  now = none();
  kept.origins.clear();
  change();
  adder.focus();
};

// The order follows from the set and the seed alone, and not from the order before.
const chance = (from) => {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
};
const shuffle = () => {
  const random = chance(Number.parseInt(seed.value, 10) || 0);
  const rows = [...now.rows].sort((a, b) => a.home - b.home);
  for (let last = rows.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [rows[last], rows[other]] = [rows[other], rows[last]];
  }
  now.rows = rows;
  change();
};

// One that lacks a question or an answer is saved switched off: so the file can be loaded again.
const save = () => {
  const set = plain(now);
  set.exemplars = set.exemplars.map((one) => ({ ...one, on: one.on && complete(one) }));
  const url = URL.createObjectURL(new Blob([`${JSON.stringify(set, null, 2)}\n`], { type: 'application/json' }));
  const anchor = make('a');
  anchor.href = url;
  const name = (now.name || editor).replace(/[^\p{L}\p{N}_-]+/gu, '-').slice(0, 60);
  anchor.download = `thoughtscope-exemplars-${name}.json`;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
};

select.addEventListener('change', () => {
  kept.picked = select.value;
  now = current();
  send();
  draw();
});
host.addEventListener('focusout', () => { if (typing) send(); });

// Drawing ---------------------------------------------------------------------------------------

const put = (node, value) => { if (node.value !== value) node.value = value; };
const drawChooser = () => {
  write(chooserLabel, word('pick'));
  const own = [...kept.drafts.keys()].filter((name) => !(name in sets));
  const options = [
    ['', word('fits')],
    ...Object.keys(sets).map((name) => [name, data?.names[name] ?? name]),
    ...own.map((name) => [name, word('own', { name: `${kept.drafts.get(name).name || '–'}${name.slice(OWN.length)}` })]),
  ];
  const key = JSON.stringify(options);
  if (key !== select.dataset.key) {
    select.dataset.key = key;
    select.textContent = '';
    for (const [value, words] of options) make('option', '', select, words).value = value;
  }
  put(select, kept.picked);
  const now = data?.names[fits] ?? '';
  write(fitting, kept.picked === '' && now ? word('chosen', { name: now }) : '');
};

const drawRow = (row, n) => {
  const made = boxOf(row);
  const blanks = { n };
  const asked = row.question.trim().split('\n', 1)[0].slice(0, 200) || word('blank');
  made.root.classList.toggle('off', !row.on);
  made.on.checked = row.on;
  made.on.setAttribute('aria-label', word('on', blanks));
  write(made.number, String(n));
  write(made.asked, asked);
  write(made.changed, row.tampered ? word('tampered') : '');
  write(made.tokens, row.tokens);
  made.tokens.title = word('tokens', blanks);
  made.open.setAttribute('aria-expanded', String(!!row.open));
  made.open.setAttribute('aria-label', word('open', { n, question: asked }) + (row.tampered ? ` (${word('tampered')})` : ''));
  made.up.setAttribute('aria-label', word('up', blanks));
  made.down.setAttribute('aria-label', word('down', blanks));
  made.up.disabled = n === 1;
  made.down.disabled = n === now.rows.length;
  made.fields.hidden = !row.open;
  if (row.open) {
    for (const name of TEXTS) {
      write(made.inputs[name].label, word(name));
      put(made.inputs[name].input, row[name]);
    }
    write(made.replace, word('replace'));
    write(made.remove, word('remove'));
  }
  return made;
};

const draw = () => {
  if (!data) return;
  if (picks) drawChooser();
  write(origin, data.origin);
  write(shuffler, word('shuffle'));
  write(seedName, word('seed'));
  write(counted, word('count', { on: now.rows.filter((row) => row.on).length, all: now.rows.length }));
  const drawn = now.rows.map((row, i) => drawRow(row, i + 1));
  const shown = new Set(drawn.map((made) => made.row.id));
  for (const [id, made] of boxes) {
    if (!shown.has(id)) {
      made.root.remove();
      boxes.delete(id);
    }
  }
  // Only what stands elsewhere is moved: a field that is moved loses the focus.
  drawn.forEach((made, i) => {
    if (list.children[i] !== made.root) list.insertBefore(made.root, list.children[i] ?? null);
  });
  order.hidden = !now.rows.length;
  write(empty, now.rows.length ? '' : word('empty'));
  write(adder, word('add'));
  adder.disabled = now.rows.length >= most;
  write(full, adder.disabled ? word('full', { n: most }) : '');
  write(undoer, word('undo'));
  undoer.hidden = kept.picked === '' || same(now, original(kept.picked));
  write(saver, word('save'));
  saver.disabled = !now.rows.length;
  write(forgetter, word('forget'));
  forgetter.disabled = !now.rows.length;
  write(wrong, data.wrong);
};

// What the server knows is of the value that it was asked about; a row takes it with it.
const know = () => {
  if (data.of === null || typing || data.of !== checksum(kept.value)) return;
  now.rows.forEach((row, i) => {
    row.tokens = data.tokens[i] ?? '–';
    row.tampered = !!data.tampered[i];
  });
};

drawOnChange((came) => {
  if (!came?.words) return;
  data = came;
  if (fits !== came.fits) {
    fits = came.fits;
    if (picks && kept.picked === '') now = current();
  }
  know();
  draw();
});
watch('value', take);
now = current();
take();
