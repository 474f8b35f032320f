const host = element.querySelector('.ts-badge');
const dot = make('span', 'dot', host);
dot.setAttribute('aria-hidden', 'true');
const who = make('span', 'who', host);
const state = make('span', 'state', host);
const bar = make('span', 'bar', host);
const fill = make('span', 'fill', bar);
const details = make('details', 'log', host);
const summary = make('summary', '', details);
const log = make('pre', '', details);

drawOnChange((data) => {
  if (!data || !data.phase) return;
  host.dataset.phase = data.phase;
  write(who, data.who);
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
});
