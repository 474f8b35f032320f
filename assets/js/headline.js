const host = element.querySelector('.ts-headline');
const question = make('p', 'asked', host);
const line = make('div', 'headline', host);
const badge = make('span', 'origin', line);
const status = make('span', 'status', line);
status.setAttribute('role', 'status');
const answer = make('p', 'result', host);
const label = make('span', 'result-label', answer);
const value = make('strong', '', answer);
const verdict = make('span', 'verdict', answer);
const reference = make('span', 'reference', answer);
const about = make('p', 'about', host);
const notes = make('ul', 'notes', host);

drawOnChange((data) => {
  host.hidden = !data || (!data.status && !data.question);
  if (host.hidden) return;
  host.dataset.tone = data.tone;
  write(question, data.question || '');
  question.hidden = !data.question;
  write(badge, data.badge || '');
  badge.hidden = !data.badge;
  badge.classList.toggle('replayed', !!data.replayed);
  write(status, data.status || '');
  answer.hidden = !data.answer;
  write(label, data.answer_label || '');
  write(value, data.answer || '');
  value.classList.toggle('long', /\n|.{61}/.test(data.answer || ''));
  write(verdict, { right: '✓', wrong: '✗' }[data.verdict] || '');
  verdict.dataset.verdict = data.verdict || '';
  write(reference, data.reference || '');
  write(about, data.about || '');
  const wanted = data.notes || [];
  if (notes.children.length !== wanted.length) {
    notes.textContent = '';
    wanted.forEach((words) => make('li', '', notes, words));
  } else wanted.forEach((words, i) => write(notes.children[i], words));
});
