// Shared by all views. In scope from Gradio: element, trigger, props, watch.
// Model text is only ever written with textContent or a text node.
const make = (tag, name, parent, words) => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (words !== undefined) node.textContent = words;
  if (parent) parent.appendChild(node);
  return node;
};
const write = (node, words) => {
  if (node.textContent !== words) node.textContent = words;
};
// Draws once per animation frame, however many values arrive.
const drawOnChange = (draw) => {
  let frame = 0;
  const queue = () => {
    if (!frame) frame = requestAnimationFrame(() => { frame = 0; draw(props.value); });
  };
  watch('value', queue);
  queue();
  return queue;
};
