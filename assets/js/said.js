// One sentence, which may quote what a person gave.
const said = make('p', 'said', element.querySelector('.ts-said'));
said.setAttribute('role', 'status');
drawOnChange((data) => {
  write(said, data?.said || '');
  said.classList.toggle('wrong', !!data?.wrong);
});
