// The line to write on: commands with the manifest's hint, people and channels by name, as in Slack.

import { freshId, h } from "./dom.js";

/**
 * A composer. `offers` gives commands ([{command, description, usage_hint}]), `people` and `rooms` ([name, shown]);
 * `send(text)` answers whether it went.
 */
export function composer(where, offers, people, rooms, send) {
  const id = freshId("compose");
  const list = h("ul", { role: "listbox", id: `${id}-list`, "aria-label": "Suggestions", hidden: true });
  const hint = h("p", { class: "hint", id: `${id}-hint`, hidden: true });
  const input = h("input", {
    id, type: "text", autocomplete: "off", placeholder: `Message ${where}, or type /`, role: "combobox",
    "aria-expanded": "false", "aria-controls": `${id}-list`, "aria-autocomplete": "list", "aria-describedby": `${id}-hint`,
    oninput: () => suggest(), onkeydown: (event) => keys(event),
  });
  let found = [];
  let chosen = -1;

  function suggest() {
    const typed = input.value.slice(0, input.selectionStart ?? input.value.length);
    const word = /(?:^|\s)([@#][\w.-]*)$/.exec(typed)?.[1];
    found = [];
    if (/^\/\S*$/.test(typed)) {
      found = offers.commands.filter((one) => one.command.startsWith(typed)).map((one) => ({ put: `${one.command} `, shown: one.command, more: one.description, from: 0 }));
    } else if (word) {
      const from = typed.length - word.length;
      const pool = word[0] === "@" ? people : rooms;
      found = pool.filter((one) => one.some((part) => ` ${part}`.toLowerCase().includes(` ${word.slice(1).toLowerCase()}`))).slice(0, 6)
        .map(([name, full]) => ({ put: `${word[0]}${name} `, shown: `${word[0]}${name}`, more: full, from }));
    }
    const command = offers.commands.find((one) => input.value.startsWith(`${one.command} `) || input.value === one.command);
    hint.hidden = !command;
    hint.textContent = command ? `${command.command} ${command.usage_hint ?? ""}` : "";
    show(found.length ? 0 : -1);
  }

  function show(place) {
    chosen = place;
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", String(Boolean(found.length)));
    list.replaceChildren(...found.map((one, n) => h("li", {
      role: "option", id: `${id}-${n}`, "aria-selected": String(n === chosen),
      onmousedown: (event) => { event.preventDefault(); take(n); },
    }, h("strong", {}, one.shown), " ", h("span", { class: "faint" }, one.more))));
    if (chosen >= 0) input.setAttribute("aria-activedescendant", `${id}-${chosen}`);
    else input.removeAttribute("aria-activedescendant");
  }

  function take(place) {
    const one = found[place];
    const rest = input.value.slice(input.selectionStart ?? input.value.length);
    input.value = input.value.slice(0, one.from) + one.put + rest;
    input.focus();
    suggest();
  }

  function keys(event) {
    if (event.key === "Escape" && found.length) {
      found = [];
      show(-1);
      event.stopPropagation();
    } else if (found.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      show((chosen + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length);
    } else if (found.length && (event.key === "Enter" || event.key === "Tab") && chosen >= 0 && found[chosen].put.trim() !== input.value.trim()) {
      event.preventDefault();
      take(chosen);
    }
  }

  async function go(event) {
    event.preventDefault();
    const text = input.value.trim();
    if (!text || form.getAttribute("aria-busy") === "true") return;
    form.setAttribute("aria-busy", "true");
    try {
      if (await send(text)) {
        input.value = "";
        suggest();
      }
    } finally {
      form.removeAttribute("aria-busy");
      input.focus();
    }
  }

  const form = h("form", { class: "composer", onsubmit: go }, list, hint,
    h("div", { class: "composer-line" }, h("label", { class: "unseen", for: id }, `Message ${where}`), input, h("button", { type: "submit", class: "send" }, "Send")));
  form.fill = (text) => {
    input.value = text;
    suggest();
    input.focus();
  };
  return form;
}
