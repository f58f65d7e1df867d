// Elements made by hand: no foreign string ever becomes markup.

/** An element with properties (`on…` are listeners, the rest attributes; null and false leave it out) and children. */
export function h(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "value") made.value = value;
    else if (key === "checked") made.checked = value;
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((one) => one !== null && one !== undefined && one !== false));
  return made;
}

/** The same for SVG. */
export function svg(tag, props = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(props)) made.setAttribute(key, String(value));
  made.append(...children.flat());
  return made;
}

let counter = 0;

/** An id that nothing else on the page has. */
export function freshId(word) {
  counter += 1;
  return `${word}-${counter}`;
}

export const byId = (id) => document.getElementById(id);
