// Slack's mrkdwn as elements: bold, italic, strike, code, quotes, links, mentions. Anything else stays text.

import { h } from "./dom.js";

const EMOJI = { wave: "👋", white_check_mark: "✅", warning: "⚠️", tada: "🎉" };
const PIECES =
  /```([\s\S]+?)```|`([^`\n]+)`|<([^<>\n]+)>|(?<![\w*])\*(?=\S)([^*\n]*?\S)\*(?![\w*])|(?<![\w_])_(?=\S)([^_\n]*?\S)_(?![\w_])|(?<![\w~])~(?=\S)([^~\n]*?\S)~(?![\w~])|:([a-z_]+):/g;

/** Slack's three entities, as characters. */
export function plainText(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** What a notification shows: mentions by name, marks taken off. */
export function spoken(text, names) {
  return plainText(text.replace(/<([^<>\n]+)>/g, (_all, inner) => named(inner, names).text));
}

/** Nodes for a mrkdwn text; `names` gives people and channels by id. */
export function mrkdwn(text, names) {
  const out = [];
  let quote = null;
  for (const line of text.split("\n")) {
    const quoted = /^(?:&gt;|>) ?(.*)$/.exec(line);
    if (quoted) {
      if (quote) quote.append(h("br"));
      else out.push((quote = h("blockquote")));
      quote.append(...inline(quoted[1], names));
      continue;
    }
    if (out.length && !quote) out.push(h("br"));
    quote = null;
    out.push(...inline(line, names));
  }
  return out;
}

function inline(text, names) {
  const out = [];
  let end = 0;
  for (const match of text.matchAll(PIECES)) {
    if (match.index > end) out.push(plainText(text.slice(end, match.index)));
    out.push(piece(match, names));
    end = match.index + match[0].length;
  }
  if (end < text.length) out.push(plainText(text.slice(end)));
  return out;
}

function piece(match, names) {
  const [all, block, code, angle, bold, italic, strike, emoji] = match;
  if (block !== undefined) return h("pre", {}, plainText(block));
  if (code !== undefined) return h("code", {}, plainText(code));
  if (angle !== undefined) return linked(angle, names);
  if (bold !== undefined) return h("strong", {}, inline(bold, names));
  if (italic !== undefined) return h("em", {}, inline(italic, names));
  if (strike !== undefined) return h("s", {}, inline(strike, names));
  return EMOJI[emoji] ?? all;
}

function named(inner, names) {
  const [target, label] = inner.split("|", 2);
  if (target.startsWith("@")) return { kind: "mention", text: `@${names.people.get(target.slice(1)) ?? label ?? target.slice(1)}` };
  if (target.startsWith("#")) return { kind: "mention", text: `#${names.channels.get(target.slice(1)) ?? label ?? target.slice(1)}` };
  if (target.startsWith("!")) return { kind: "mention", text: `@${label ?? target.slice(1)}` };
  return { kind: "link", text: plainText(label ?? target), href: plainText(target) };
}

function linked(inner, names) {
  const { kind, text, href } = named(inner, names);
  if (kind === "mention") return h("span", { class: "mention" }, text);
  if (!/^(https?|mailto):/.test(href)) return text;
  return h("a", { href, target: "_blank", rel: "noreferrer noopener" }, text);
}
