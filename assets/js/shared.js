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
// What a view is to draw waits here under the id of its component, put there by frame.js.
const slots = (window.thoughtscopeSlots ??= new Map());
const slotOf = (id) => {
  if (!slots.has(id)) slots.set(id, { small: 'null', texts: [], queue() {} });
  return slots.get(id);
};
// Draws once per animation frame, however many frames arrive. `draw` gets data of its own, or null.
const drawOnChange = (draw) => {
  const slot = slotOf(element.closest('.block').id);
  let frame = 0;
  slot.queue = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      const data = JSON.parse(slot.small);
      draw(data && { ...data, texts: slot.texts });
    });
  };
  slot.queue();
  return slot.queue;
};
