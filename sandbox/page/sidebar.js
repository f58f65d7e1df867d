// Channels and the app, with what is unread in each.

import { byId, h } from "./dom.js";

/** Draw the links. `here` says which place is open, `unread` counts a channel's news. */
export function sidebar({ user, place, channels, direct, name, unread }) {
  const app = place.startsWith("app");
  const entry = (to, label, many, open) =>
    h("li", {}, h("a", { href: `#${user}/${to}`, "aria-current": open ? "page" : null, class: many ? "unread" : null }, label,
      many ? h("span", { class: "badge" }, String(many), h("span", { class: "unseen" }, " unread")) : null));
  const sign = (one) => `# ${one.name}${one.is_archived ? " (archived)" : one.is_private ? " (private)" : ""}`;
  const list = [
    h("h2", {}, "Channels"),
    h("ul", {}, channels.map((one) => entry(one.id, sign(one), one.id === place ? 0 : unread(one), one.id === place))),
    h("h2", {}, "Apps"),
    h("ul", {}, entry("app:messages", name, app ? 0 : unread(direct), app)),
  ];
  const key = list.map((one) => one.outerHTML).join();
  const bar = byId("sidebar");
  if (bar.dataset.key === key) return;
  const focused = bar.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  bar.replaceChildren(...list);
  bar.dataset.key = key;
  if (focused) bar.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
}
