// The modal in front: drawn from the workspace's stack, sent, closed. Typed words survive every answer.

import { act } from "./api.js";
import { blocks } from "./blocks.js";
import { freshId, h } from "./dom.js";
import { plainText } from "./mrkdwn.js";

const LOST = "We had some trouble connecting. Your words are still here: please try again.";
let shown = null; // {id, hash, errors, dialog, values}
let before = null; // what had the focus

/** Bring the modal in line with the person's stack of views. `on` is what blocks need; `after` refreshes the page. */
export function modal(user, stack, on, after) {
  const view = stack.at(-1);
  if (!view) {
    drop();
    return;
  }
  const errors = JSON.stringify(view.errors);
  if (shown && shown.id === view.id && shown.hash === view.hash && shown.errors === errors) return;
  const kept = shown && shown.id === view.id ? shown.values : {};
  if (!shown) before = document.activeElement;
  draw(user, view, { ...on, values: kept, errors: view.errors }, after);
}

function drop() {
  if (!shown) return;
  shown.dialog.close();
  shown.dialog.remove();
  shown = null;
  // What was pressed may have been drawn anew meanwhile.
  (before?.isConnected && before !== document.body ? before : document.getElementById("main")).focus();
}

/** Draw it anew. `given` are the workspace's errors; what the page itself finds missing is shown and not among them. */
function draw(user, view, on, after, given = view.errors) {
  const title = freshId("modal");
  const trouble = h("p", { class: "error", role: "alert" });
  const values = on.values;
  const press = async (block, element) => {
    const told = await act("view_click", user, { view: view.id, action_id: element.action_id, values, block_id: block.block_id });
    trouble.textContent = told.acked ? "" : LOST;
    await after();
  };
  const close = async () => {
    await act("close", user, { view: view.id });
    await after();
  };
  const send = async (event) => {
    event.preventDefault();
    const button = form.querySelector("button[type=submit]");
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    try {
      const told = await act("submit", user, { view: view.id, values: filled(view, values) });
      if (told.blocked) {
        redraw(Object.fromEntries(told.blocked.map((one) => [one, "Please complete this required field."])));
      } else if (!told.acked) {
        trouble.textContent = LOST;
      } else if (told.trouble) {
        trouble.textContent = `Slack would refuse the app's answer: ${JSON.stringify(told.messages ?? told.trouble)}`;
      }
      if (!told.blocked) await after();
    } finally {
      button.removeAttribute("aria-busy");
    }
  };
  const redraw = (errors) => draw(user, view, { ...on, errors }, after);
  const form = h("form", { novalidate: true, onsubmit: send },
    h("div", { class: "modal-head" },
      h("h2", { id: title }, plainText(view.title.text)),
      h("button", { type: "button", class: "plain", "aria-label": "Close", onclick: close }, "✕")),
    h("div", { class: "modal-body" }, blocks(view.blocks, { ...on, press, heading: "h3" }), trouble),
    h("div", { class: "modal-foot" },
      h("button", { type: "button", onclick: close }, plainText(view.close?.text ?? "Close")),
      view.submit ? h("button", { type: "submit", class: "send" }, plainText(view.submit.text)) : null));
  const dialog = h("dialog", { class: "modal", "aria-labelledby": title, oncancel: (event) => { event.preventDefault(); close(); } }, form);
  const old = shown?.dialog;
  document.body.append(dialog);
  dialog.showModal();
  old?.close();
  old?.remove();
  shown = { id: view.id, hash: view.hash, errors: JSON.stringify(given), dialog, values };
  (form.querySelector("[aria-invalid] input, [aria-invalid]:is(input, textarea, select)") ?? form.querySelector("[autofocus], .input input, .input textarea, .input select") ?? form.querySelector(".modal-foot button")).focus();
}

/** Only what was typed: the workspace knows what an input holds initially. */
function filled(view, values) {
  const known = new Set(view.blocks.map((block) => block.block_id));
  return Object.fromEntries(Object.entries(values).filter(([key]) => known.has(key)));
}
