// What is said beside everything else: notifications, and what could not be done.

import { byId, h } from "./dom.js";

const TOAST_MS = 7_000;

/** Show something for a while: it goes when it is dismissed, when she does something else, or after its time. */
export function toast(...nodes) {
  const frame = byId("toast");
  clearTimeout(Number(frame.dataset.timer));
  const dismiss = h("button", { type: "button", class: "plain", onclick: () => frame.replaceChildren() }, "Dismiss");
  frame.replaceChildren(...nodes, dismiss);
  const later = () => {
    if (frame.matches(":hover, :focus-within")) frame.dataset.timer = setTimeout(later, TOAST_MS);
    else frame.replaceChildren();
  };
  frame.dataset.timer = setTimeout(later, TOAST_MS);
}

/** Take it away. */
export function clearToast() {
  byId("toast").replaceChildren();
}

document.addEventListener("pointerdown", (event) => {
  if (!byId("toast").contains(event.target)) clearToast();
});
