// Takes a frame apart: each view gets its own part, and only if that has changed.
const which = element.closest('.block').id.replace(/frame$/, '');
const same = (texts, others) => texts.length === others.length && texts.every((text, i) => text === others[i]);

const deliver = () => {
  const { parts, texts } = props.value;
  for (const [name, small] of Object.entries(parts)) {
    const slot = slotOf(which + name);
    const words = texts[name] || [];
    if (small === slot.small && same(words, slot.texts)) continue;
    // A copy: Gradio goes on appending to its own.
    Object.assign(slot, { small, texts: [...words] });
    slot.queue();
  }
};
watch('value', deliver);
deliver();
