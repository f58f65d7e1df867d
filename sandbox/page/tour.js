// The tour: who gives it decides what stands here and what is done; the page only shows it and offers the ways there.

import { post } from "./api.js";
import { h } from "./dom.js";

let drawn = "";
let at; // the step that is shown: a new one opens the panel, and so does one that wants to be looked at

/** Draw the tour into its panel. `ways` are what a step's buttons do: go(user, place), type(text), and who and where one is; an `ask` is told to whoever gives the tour. */
export function tour(panel, given, ways) {
  panel.hidden = !given.title;
  const key = JSON.stringify([given, ways.user, ways.place]);
  if (key === drawn) return;
  const first = !drawn;
  drawn = key;
  if (!given.title) return;
  const step = given.steps?.[given.at];
  const now = `${given.at}${step?.opens ?? ""}`;
  // On a phone it covers what it is about: there a page that is opened anew begins with it folded, once it has begun.
  const small = matchMedia("(max-width: 760px)").matches;
  const open = first ? !(small && (given.steps || given.ended)) : at !== now || (panel.querySelector("details")?.open ?? true);
  const anew = at !== now;
  at = now;
  const inner = step ? oneStep(step, given, ways) : opening(given);
  const inside = panel.contains(document.activeElement);
  panel.replaceChildren(h("details", { open }, h("summary", {}, h("h2", {}, given.title), progress(given)), inner));
  if (inside) (panel.querySelector(".tour-now button") ?? panel.querySelector("summary")).focus();
  if (anew) panel.scrollTop = 0; // what is to be done stands first
}

function progress(given) {
  if (!given.steps) return given.ended ? h("span", { class: "faint" }, "Done") : null;
  return h("span", { class: "faint" }, given.at >= given.steps.length ? "Done" : `Step ${given.at + 1} of ${given.steps.length}`);
}

function begins(event) {
  event.currentTarget.setAttribute("aria-busy", "true");
  return post("tour/begin");
}

function opening(given) {
  const begin = given.begin
    ? h("p", {}, h("button", { type: "button", class: "send", onclick: begins }, given.begin))
    : null;
  return h("div", { class: "tour-now" }, (given.words ?? []).map((one) => h("p", {}, one)), begin);
}

function oneStep(step, given, ways) {
  const next = step.tasks.find((task) => !task.done); // one after the other: only the next has its button
  return h("div", { class: "tour-now" },
    h("h3", {}, step.title),
    h("ol", { class: "tasks" }, step.tasks.map((task) => h("li", { class: task.done ? "done" : null },
      h("span", { class: "unseen" }, task.done ? "Done: " : "To do: "), task.words,
      task === next ? way(task.way, ways) : null))),
    step.next ? h("p", { class: "tour-next" }, h("button", { type: "button", class: "send", onclick: () => post("tour/next") }, step.next)) : null,
    h("p", {}, h("strong", {}, "Look at: "), step.look),
    h("p", {}, h("strong", {}, "Why so: "), step.why));
}

function way(given, ways) {
  if (!given) return null;
  const run = async (event) => {
    const button = event.currentTarget;
    button.setAttribute("aria-busy", "true");
    try {
      if (given.ask) await post(`tour/${given.ask}`);
      if (given.user) {
        // On a phone the panel would hide what it sends her to; its line stays, and opens it again.
        if (matchMedia("(max-width: 760px)").matches) button.closest("details").open = false;
        await ways.go(given.user, given.place);
      }
      if (given.type) ways.type(given.type);
    } finally {
      button.removeAttribute("aria-busy");
    }
  };
  // Who is there already needs no way; on a phone it folds the panel up, which hides what it is about.
  const there = given.user === ways.user && given.place === ways.place && !given.type;
  return h("div", { class: there ? "there" : null }, h("button", { type: "button", onclick: run }, there ? "Show me" : given.label));
}
