// What cannot be had here, and what was refused: sentences, some of them with words of a server's.
const host = element.querySelector('.ts-picker');
const refused = make('p', 'refused', host);
refused.setAttribute('role', 'alert');
const said = make('p', 'said', host);
const label = make('h3', '', host);
const list = make('dl', '', host);

const draw = () => {
  const data = JSON.parse(props.value);
  write(refused, data.refused);
  write(said, data.said);
  write(label, data.missing.length ? data.label : '');
  list.textContent = '';
  for (const [name, why] of data.missing) {
    make('dt', '', list, name);
    make('dd', '', list, why);
  }
};
watch('value', draw);
draw();
