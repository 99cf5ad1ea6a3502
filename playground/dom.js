// Making elements of the page, and naming numbers in words.

/**
 * A new element. `properties`: attributes by name, besides `text` (its text) and `on` (functions by
 * the event that calls them). Attributes that are false, null or undefined are left out.
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  const { text, on = {}, ...attributes } = properties;
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  if (text !== undefined) made.textContent = text;
  for (const [event, action] of Object.entries(on)) made.addEventListener(event, action);
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

export const byId = (id) => document.getElementById(id);

/** 1.5 → "+1.5", with a real minus sign for negative numbers. */
export const signed = (value, digits = 1) =>
  (value < 0 ? "−" : "+") + Math.abs(value).toFixed(digits);

let labels = 0;

/** A select with a label: `options` are [value, text] pairs. */
export function choice(label, options, value, onChange) {
  const id = `choice-${(labels += 1)}`;
  const select = element(
    "select",
    { id, on: { change: () => onChange(select.value) } },
    options.map(([each, text]) => element("option", { value: each, text })),
  );
  select.value = value;
  const box = element("div", { class: "field" }, element("label", { for: id, text: label }), select);
  return { box, select };
}

/** A slider with a label and its value in words beside it. */
export function slider(label, { min, max, step = 0.01, value, inWords = String }, onInput) {
  const id = `slider-${(labels += 1)}`;
  const input = element("input", { type: "range", id, min, max, step, value });
  const output = element("output", { for: id });
  const set = (number) => {
    input.value = number;
    output.textContent = inWords(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => {
    set(Number(input.value));
    onInput(Number(input.value));
  });
  set(value);
  const head = element("div", { class: "head" }, element("label", { for: id, text: label }), output);
  return { box: element("div", { class: "field wide" }, head, input), input, set };
}

/**
 * Tabs as the ARIA Authoring Practices describe them: one of them is in the tab order, arrow keys,
 * Home and End move between them. `onShow` is called with the id of the panel that is shown.
 */
export function tabs(list, onShow) {
  const all = [...list.querySelectorAll("[role=tab]")];
  const panel = (tab) => byId(tab.getAttribute("aria-controls"));
  function show(tab, { focus = false } = {}) {
    for (const each of all) {
      each.setAttribute("aria-selected", each === tab);
      each.tabIndex = each === tab ? 0 : -1;
      panel(each).hidden = each !== tab;
    }
    if (focus) tab.focus();
    onShow(panel(tab).id);
  }
  for (const tab of all) tab.addEventListener("click", () => show(tab));
  list.addEventListener("keydown", (event) => {
    const now = all.indexOf(document.activeElement);
    const places = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: all.length - 1 };
    if (now < 0 || !(event.key in places)) return;
    event.preventDefault();
    show(all.at(places[event.key] % all.length), { focus: true });
  });
  return show;
}
