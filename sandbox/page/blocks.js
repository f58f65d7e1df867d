// Block Kit as elements, for messages, modals and Home. What the page can't draw it names instead of hiding it.

import { chart, table } from "./charts.js";
import { freshId, h } from "./dom.js";
import { field } from "./fields.js";
import { mrkdwn, plainText } from "./mrkdwn.js";

/**
 * Draw blocks. `on` says what surrounds them: `names` (people and channels by id), `press(block, element)` for buttons,
 * and in forms `values` (what was typed, by block_id), `errors` (by block_id), `people` and `rooms` to choose from.
 */
export function blocks(list, on) {
  return list.map((block) => (DRAW[block.type] ?? unknown)(block, on));
}

/** A text object, mrkdwn or plain. */
export function text(given, on) {
  if (given.type === "mrkdwn") return mrkdwn(given.text, on.names);
  return plainText(given.text).split("\n").flatMap((line, n) => (n ? [h("br"), line] : [line]));
}

/** A button; while its press is on its way it says so and takes no second one. */
export function button(element, block, on) {
  if (element.url) return h("a", { class: "button", href: element.url, target: "_blank", rel: "noreferrer noopener" }, text(element.text, on));
  const made = h(
    "button",
    {
      type: "button",
      class: `button ${element.style ?? ""}`,
      "data-action": element.action_id,
      "aria-label": element.accessibility_label,
      onclick: async () => {
        if (made.getAttribute("aria-busy") === "true" || (element.confirm && !(await sure(element.confirm, on)))) return;
        made.setAttribute("aria-busy", "true");
        try {
          await on.press(block, element);
        } finally {
          made.removeAttribute("aria-busy");
        }
      },
    },
    text(element.text, on),
  );
  return made;
}

/** Ask before a press, as its `confirm` says; whether she is sure. */
function sure(confirm, on) {
  return new Promise((settle) => {
    const title = freshId("sure");
    const dialog = h(
      "dialog",
      { class: "modal small", "aria-labelledby": title, onclose: () => { settle(dialog.returnValue === "yes"); dialog.remove(); } },
      h("form", { method: "dialog" },
        h("h2", { id: title }, plainText(confirm.title.text)),
        h("p", {}, text(confirm.text, on)),
        h("p", { class: "modal-foot" },
          h("button", { value: "no" }, plainText(confirm.deny.text)),
          h("button", { value: "yes", class: confirm.style ?? "" }, plainText(confirm.confirm.text)))),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}

const DRAW = {
  section: (block, on) =>
    h("div", { class: "block section" },
      h("div", { class: "section-text" },
        block.text ? h("div", {}, text(block.text, on)) : null,
        block.fields ? h("div", { class: "fields" }, block.fields.map((one) => h("div", {}, text(one, on)))) : null),
      block.accessory ? h("div", { class: "accessory" }, element(block.accessory, block, on)) : null),
  context: (block, on) =>
    h("div", { class: "block context" }, block.elements.map((one) => (one.type === "image" ? image(one) : h("div", {}, text(one, on))))),
  actions: (block, on) => h("div", { class: "block actions" }, block.elements.map((one) => element(one, block, on))),
  divider: () => h("hr"),
  header: (block, on) => h(on.heading ?? "h2", { class: "block" }, text(block.text, on)),
  image: (block) => h("figure", { class: "block" }, block.title ? h("figcaption", {}, plainText(block.title.text)) : null, image(block)),
  input: (block, on) => field(block, on, text),
  rich_text: (block, on) => h("div", { class: "block" }, block.elements.map((one) => rich(one, on))),
  data_visualization: (block) => chart(block),
  data_table: (block, on) => table(block, (cell) => cell.elements.map((one) => rich(one, on))),
};

function element(given, block, on) {
  if (given.type === "button") return button(given, block, on);
  if (given.type === "image") return image(given);
  return unknown(given);
}

function image(given) {
  return given.image_url ? h("img", { src: given.image_url, alt: given.alt_text }) : h("p", { class: "faint" }, `[image: ${given.alt_text}]`);
}

function unknown(thing) {
  return h("p", { class: "unknown", role: "note" }, `This page does not draw ${thing.type} yet.`);
}

function rich(part, on) {
  const inner = () => part.elements.map((one) => (one.elements ? rich(one, on) : run(one, on)));
  if (part.type === "rich_text_quote") return h("blockquote", {}, inner());
  if (part.type === "rich_text_preformatted") return h("pre", {}, inner());
  if (part.type === "rich_text_list") {
    return h(part.style === "ordered" ? "ol" : "ul", {}, part.elements.map((one) => h("li", {}, rich(one, on))));
  }
  return h("div", {}, inner());
}

function run(one, on) {
  if (one.type === "user") return h("span", { class: "mention" }, `@${on.names.people.get(one.user_id) ?? one.user_id}`);
  if (one.type === "channel") return h("span", { class: "mention" }, `#${on.names.channels.get(one.channel_id) ?? one.channel_id}`);
  if (one.type === "link") return h("a", { href: /^https?:/.test(one.url) ? one.url : null, target: "_blank", rel: "noreferrer noopener" }, one.text ?? one.url);
  const style = one.style ?? {};
  let node = document.createTextNode(one.text ?? "");
  for (const [key, tag] of [["code", "code"], ["strike", "s"], ["italic", "em"], ["bold", "strong"]]) {
    if (style[key]) node = h(tag, {}, node);
  }
  return node;
}
