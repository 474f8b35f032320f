const host = element.querySelector('.ts-ledger');
const list = make('dl', 'ledger', host);
const figures = [];
drawOnChange((data) => {
  host.hidden = !data;
  if (!data) return;
  data.entries.forEach(([name, value, help], i) => {
    if (!figures[i]) {
      const entry = make('div', '', list);
      figures[i] = { entry, name: make('dt', '', entry), value: make('dd', '', entry) };
    }
    write(figures[i].name, name);
    write(figures[i].value, value);
    figures[i].entry.title = help;
  });
});
