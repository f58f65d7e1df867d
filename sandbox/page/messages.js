// A conversation: messages by day, threads under their first message, what only one reader sees, and how a phone tells it.

import { blocks } from "./blocks.js";
import { h } from "./dom.js";
import { mrkdwn, spoken } from "./mrkdwn.js";

const PHONE = 150;
const kept = new Map(); // ts → {key, node}: a message that did not change keeps its element, and with it the focus

/** Draw a channel's messages into `content`. `on` gives names, press, moment(ts) and peek. */
export function conversation(content, channel, on) {
  const top = channel.messages.filter((one) => !one.thread_ts || one.thread_ts === one.ts);
  const replies = Map.groupBy
    ? Map.groupBy(channel.messages.filter((one) => !top.includes(one)), (one) => one.thread_ts)
    : group(channel.messages.filter((one) => !top.includes(one)));
  const fresh = [];
  const used = new Set();
  let last = "";
  for (const message of top) {
    const at = on.moment(message.ts);
    const day = at.toLocaleDateString("en-GB", { timeZone: on.zone, weekday: "long", day: "numeric", month: "long", year: "numeric" });
    if (day !== last) fresh.push(dayLine(day));
    last = day;
    const thread = replies.get(message.ts) ?? [];
    const key = JSON.stringify([message, thread, on.peek, day, on.zone]);
    const name = channel.id + message.ts;
    const old = kept.get(name);
    const node = old?.key === key ? old.node : article(channel, message, thread, at, on);
    kept.set(name, { key, node });
    used.add(name);
    fresh.push(node);
  }
  if (!top.length) fresh.push(h("p", { class: "empty" }, channel.is_im ? "Nothing here yet. New leads come here." : "Nothing here yet."));
  for (const name of kept.keys()) if (!used.has(name)) kept.delete(name);
  place(content, fresh);
}

/** Put nodes in this order, touching only what moved: a moved element would lose the focus. */
export function place(content, nodes) {
  const focused = document.activeElement;
  const inside = content.contains(focused) ? focused.closest("[data-ts]")?.dataset.ts : null;
  nodes.forEach((node, n) => {
    if (content.childNodes[n] !== node) content.insertBefore(node, content.childNodes[n] ?? null);
  });
  while (content.childNodes.length > nodes.length) content.lastChild.remove();
  if (inside && !content.contains(document.activeElement)) content.querySelector(`[data-ts="${inside}"]`)?.focus({ preventScroll: true });
}

function group(list) {
  const found = new Map();
  for (const one of list) found.set(one.thread_ts, [...(found.get(one.thread_ts) ?? []), one]);
  return found;
}

const days = new Map();
function dayLine(day) {
  if (!days.has(day)) days.set(day, h("h2", { class: "day" }, h("span", {}, day)));
  return days.get(day);
}

function article(channel, message, thread, at, on) {
  const press = (block, element) => on.press(channel, message, block, element);
  const who = on.names.people.get(message.user) ?? message.user;
  const time = at.toLocaleTimeString("en-GB", { timeZone: on.zone, hour: "2-digit", minute: "2-digit" });
  const body = message.blocks?.length ? blocks(message.blocks, { ...on, press, heading: "h3" }) : [h("div", { class: "block" }, mrkdwn(message.text, on.names))];
  const files = (message.files ?? []).map((one) => file(one));
  return h("article", { class: message.ephemeral ? "message private" : "message", tabindex: "-1", "data-ts": message.ts, "aria-label": `${who}, ${time}` },
    h("div", { class: message.bot_id ? "face app" : "face", "aria-hidden": "true" }, message.bot_id ? "" : who[0]),
    h("div", { class: "message-main" },
      message.ephemeral ? h("p", { class: "only-you" }, "Only visible to you") : null,
      h("p", { class: "who" }, h("strong", {}, who), message.bot_id ? h("span", { class: "app-mark" }, "APP") : null, " ",
        h("time", { class: "faint", datetime: at.toISOString() }, time), message.edited ? h("span", { class: "faint" }, " (edited)") : null),
      body, files,
      on.peek && message.bot_id ? phone(message.text, on) : null,
      thread.length ? replyList(channel, thread, on) : null));
}

/** A file: a picture as a picture, with its words for who can't see it. */
function file(one) {
  if (!one.name.endsWith(".png")) return h("p", { class: "faint" }, `[file: ${one.title}]`);
  return h("figure", { class: "picture" }, h("figcaption", { class: "faint" }, one.title), h("img", { src: `/sim/file/${one.id}`, alt: one.alt_txt || one.title }));
}

function replyList(channel, thread, on) {
  const count = thread.length === 1 ? "1 reply" : `${thread.length} replies`;
  return h("details", { class: "thread", open: true }, h("summary", {}, count),
    thread.map((one) => article(channel, one, [], on.moment(one.ts), { ...on, peek: false })));
}

/** A notification as a phone shows it: the text's beginning and nothing of the blocks. */
export function phone(text, on) {
  const words = spoken(text, on.names).replaceAll("\n", " ");
  const cut = words.length > PHONE ? `${words.slice(0, PHONE)}…` : words;
  return h("div", { class: "phone" }, h("p", { class: "phone-head" }, h("span", { class: "phone-icon", "aria-hidden": "true" }), "Otherwise", h("span", { class: "faint" }, "now")), h("p", {}, cut));
}
