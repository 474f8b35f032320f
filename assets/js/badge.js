const host = element.querySelector('.ts-badge');
const dot = make('span', 'dot', host);
dot.setAttribute('aria-hidden', 'true');
const who = make('span', 'who', host);
const why = make('span', 'why', host);
const state = make('span', 'state', host);
const bar = make('span', 'bar', host);
const fill = make('span', 'fill', bar);
const details = make('details', 'log', host);
const summary = make('summary', '', details);
const log = make('pre', '', details);

let lost = '';
const draw = (data) => {
  lost = data.lost;
  host.dataset.phase = data.phase;
  write(who, data.who);
  write(why, data.why);
  write(state, data.state);
  const known = typeof data.share === 'number';
  bar.hidden = !known;
  if (known) {
    fill.style.width = `${Math.min(100, data.share * 100)}%`;
    bar.setAttribute('role', 'progressbar');
    bar.setAttribute('aria-valuenow', Math.round(data.share * 100));
    bar.setAttribute('aria-label', data.state);
  }
  details.hidden = !data.log;
  write(summary, data.log_label || '');
  write(log, data.log || '');
};

let asking = false;
let again = false;
const ask = async () => {
  again = asking;
  if (asking || document.hidden) return;
  asking = true;
  try {
    draw(await server.status(props.value));
  } catch {
    host.dataset.phase = 'failed';
    write(state, lost);
  } finally { asking = false; }
  if (again) ask(); // in another language, perhaps
};
setInterval(ask, 1000);
document.addEventListener('visibilitychange', ask);
watch('value', ask);
ask();
