// The page: who you are, where you are, and everything drawn anew when the workspace says that something happened.

import { act, get } from "./api.js";
import { blocks } from "./blocks.js";
import { composer } from "./composer.js";
import { byId, h } from "./dom.js";
import { conversation, place as put } from "./messages.js";
import { modal } from "./modal.js";
import { notify } from "./notify.js";
import { sidebar } from "./sidebar.js";
import "./theme.js";
import { clearToast, toast } from "./toast.js";
import { tour } from "./tour.js";

const APP = "app";
const FAILED = "did not respond. Is the bot running?";
const state = { user: "", place: "", offers: { commands: [] }, names: null, all: null, peek: false, offset: 0, moves: [], seen: new Map() };
let round = 0; // an answer that comes after a newer question is thrown away
let line = null; // the composer
let newest = Promise.resolve(); // the last call to draw
let hasMoved = false; // whether the place has changed since something was drawn
let homeKey = "";
let homeOf = "";

const read = JSON.parse(localStorage.getItem("read") ?? "{}");

// ---- where: #USER/PLACE, so that a reload, a bookmark and the back key work ----

function fromAddress() {
  const [user, place] = decodeURIComponent(location.hash.slice(1)).split("/");
  state.user = user || localStorage.getItem("user") || "";
  state.place = place || "C0GENERAL";
}

function go(user, place) {
  location.hash = `${user}/${place}`;
}

window.addEventListener("hashchange", async () => {
  fromAddress();
  localStorage.setItem("user", state.user);
  closeMenu();
  clearToast();
  await arrive();
});

/** Draw the new place; opening a Home also tells the app, which then publishes it. */
async function arrive() {
  const user = state.place === `${APP}:home` ? state.user : "";
  state.opening = user;
  await refresh({ moved: true });
  if (user) await openHome(user);
}

/** Draw what is there now; done when it is drawn, by this call or by one that came later and overtook it. */
function refresh({ moved = false } = {}) {
  hasMoved ||= moved;
  newest = draw(++round);
  return newest;
}

async function draw(mine) {
  const [all, views, clock, given] = await Promise.all([get("state", { user: state.user }), get("views", { user: state.user }), get("clock"), get("tour")]);
  if (mine !== round) return newest;
  const moved = hasMoved;
  hasMoved = false;
  state.all = all;
  state.offset = clock.offset ?? 0;
  state.moves = clock.moves;
  state.names = { people: new Map(all.people.map((one) => [one.id, one.real_name])), channels: new Map(all.channels.map((one) => [one.id, one.name])) };
  const people = all.people.filter((one) => !one.is_bot && !one.deleted);
  if (!people.some((one) => one.id === state.user)) return go(people[0].id, "C0GENERAL");
  notify(state, read); // before what is drawn counts as read
  // An app's direct channel has no name of its own: it is the app's messages, however it was addressed.
  if (state.place === direct().id) state.place = `${APP}:messages`;
  const scroll = byId("scroll");
  const atEnd = moved || scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  // First, since it takes room from the conversation, whose end should stay in sight.
  tour(byId("tour"), given, { go: walk, type: (text) => line?.fill(text), user: state.user, place: state.place });
  drawActing(people);
  drawClock(clock.offset);
  sidebar({ ...state, channels: all.channels.filter((one) => !one.is_im), direct: direct(), name: appName(), unread });
  drawMain(views, moved, atEnd);
  modal(state.user, views.stack, around(people), refresh);
}

async function walk(user, place) {
  if (user !== state.user || place !== state.place) {
    go(user, place);
    await new Promise((settle) => window.addEventListener("hashchange", () => refresh().then(settle), { once: true }));
  }
  byId("main").focus(); // whoever uses a keyboard is there, too
}

function around(people) {
  return {
    names: state.names,
    people: people.map((one) => [one.id, one.real_name]),
    rooms: state.all.channels.filter((one) => one.name).map((one) => [one.id, `#${one.name}`]),
    moment,
    zone: zone(),
    peek: state.peek,
    press: pressMessage,
  };
}

/** When a message was written by the app's clock, which may have been moved since. */
function moment(ts) {
  const real = Number(ts);
  const past = state.moves.filter(([at]) => at <= real).at(-1);
  return new Date((real + (past ? past[1] : 0)) * 1000);
}

// ---- drawing ----

function drawActing(people) {
  const select = byId("acting");
  const key = people.map((one) => one.id).join();
  if (select.dataset.key !== key) {
    select.dataset.key = key;
    const label = (one) => `${one.real_name}${one.is_admin ? " (admin)" : ""}`;
    select.replaceChildren(...people.map((one) => h("option", { value: one.id }, label(one))));
  }
  select.value = state.user;
}

function drawClock(offset) {
  const shown = new Date(Date.now() + (offset ?? 0) * 1000);
  const day = shown.toLocaleDateString("en-GB", { timeZone: zone(), weekday: "short", day: "numeric", month: "short", year: "numeric" });
  byId("clock").textContent = offset ? `${day} (clock moved ahead)` : day;
}

const zone = () => state.all.people.find((one) => one.id === state.user)?.tz;
const appName = () => state.offers.name ?? "App";
const direct = () => state.all.channels.find((one) => one.is_im) ?? { id: "", is_im: true, messages: [] };
const current = () => (state.place.startsWith(APP) ? direct() : state.all.channels.find((one) => one.id === state.place));

function unread(channel) {
  const since = Number(read[`${state.user}/${channel.id}`] ?? 0);
  return channel.messages.filter((one) => Number(one.ts) > since && one.user !== state.user).length;
}

function markRead(channel) {
  const last = channel?.messages.at(-1)?.ts;
  if (!last || document.hidden) return;
  read[`${state.user}/${channel.id}`] = last;
  localStorage.setItem("read", JSON.stringify(read));
}

function drawMain(views, moved, atEnd) {
  const app = state.place.startsWith(APP);
  const channel = current();
  byId("title").textContent = app ? appName() : channel ? `# ${channel.name}${channel.is_private ? " (private)" : ""}` : "No such channel";
  drawTabs(app);
  const home = state.place === `${APP}:home`;
  byId("peek").hidden = home;
  byId("content").setAttribute("role", home ? "region" : "log");
  byId("content").setAttribute("aria-label", home ? "Home" : "Messages");
  if (home) drawHome(views.home, moved);
  else if (channel) {
    homeKey = homeOf = "";
    const fresh = unread(channel);
    conversation(byId("content"), channel, around([]));
    if (atEnd) toNews(byId("scroll"), fresh);
    markRead(channel);
  } else put(byId("content"), []);
  drawComposer(app, channel);
}

/** Go to the end, but not past the beginning of the newest message when she has not read it. */
function toNews(scroll, fresh) {
  scroll.scrollTop = scroll.scrollHeight;
  const news = [...scroll.querySelectorAll("#content > .message")].at(-1);
  if (fresh && news) scroll.scrollTop = Math.min(scroll.scrollTop, news.offsetTop - scroll.offsetTop - 12);
}

function drawTabs(app) {
  const tabs = byId("tabs");
  tabs.hidden = !app;
  if (tabs.dataset.key === state.user + state.place) return; // drawn anew they would lose the focus
  tabs.dataset.key = state.user + state.place;
  const names = [["home", "Home", state.offers.home], ["messages", "Messages", state.offers.messages]].filter((one) => one[2]);
  tabs.replaceChildren(...names.map(([key, label]) => h("a", {
    href: `#${state.user}/${APP}:${key}`, "aria-current": state.place === `${APP}:${key}` ? "page" : null,
  }, label)));
}

function drawHome(home, moved) {
  const key = home ? home.id + home.hash : "none";
  if (key === homeKey && !moved) return;
  homeKey = key;
  if (homeOf !== state.user) byId("scroll").scrollTop = 0;
  homeOf = state.user;
  const press = async (block, element) => {
    const told = await act("view_click", state.user, { view: home.id, action_id: element.action_id, block_id: block.block_id });
    if (!told.acked) say(`${appName()} ${FAILED}`);
    await refresh();
  };
  const on = { ...around([]), press, heading: "h2", values: {}, errors: {} };
  const content = byId("content");
  const focused = content.contains(document.activeElement) ? document.activeElement : null;
  put(byId("content"), [home ? h("div", { class: "home" }, blocks(home.blocks, on)) : h("p", { class: "empty" }, state.opening ? "Opening…" : "The app has shown nothing here yet.")]);
  // What had the focus may be gone with what it did; then the page's main part has it.
  if (focused) (content.querySelector(`[data-action="${focused.dataset.action}"]`) ?? byId("main")).focus();
}

async function openHome(user) {
  try {
    await act("home", user);
  } finally {
    // Somebody else's may be on its way by now.
    if (state.opening === user) state.opening = "";
    // Whoever has gone on meanwhile may be typing there.
    await refresh({ moved: state.user === user && state.place === `${APP}:home` });
  }
}

function drawComposer(app, channel) {
  const frame = byId("composer");
  if (app) {
    line = null;
    frame.replaceChildren(state.place === `${APP}:home` ? "" : h("p", { class: "hint" }, "Sending messages to this app is turned off. Commands are typed in a channel."));
  } else if (!line || line.dataset.key !== state.user + state.place) {
    const people = state.all.people.filter((one) => !one.deleted).map((one) => [one.name, one.real_name]);
    const rooms = state.all.channels.filter((one) => one.name).map((one) => [one.name, one.is_archived ? "archived" : ""]);
    line = channel && !channel.is_archived ? composer(`#${channel.name}`, state.offers, people, rooms, send) : null;
    if (line) line.dataset.key = state.user + state.place;
    frame.replaceChildren(line ?? h("p", { class: "hint" }, "This channel is archived."));
  }
}

// ---- acting ----

async function pressMessage(channel, message, block, element) {
  clearToast();
  const told = await act("click", state.user, { channel: channel.id, ts: message.ts, action_id: element.action_id, block_id: block.block_id });
  if (!told.acked) say(`${appName()} ${FAILED}`);
  await refresh();
}

async function send(text) {
  const [command, ...rest] = text.split(" ");
  const told = command.startsWith("/")
    ? await act("command", state.user, { channel: state.place, command, text: rest.join(" ") })
    : await act("message", state.user, { channel: state.place, text });
  if (told.refused) say(told.refused);
  else if (!told.acked) say(`${command} failed because the app ${FAILED}`);
  else if (told.trouble) say(`Slack would refuse the app's answer: ${told.trouble.join("; ")}`);
  await refresh();
  byId("scroll").scrollTop = byId("scroll").scrollHeight;
  return Boolean(told.acked);
}

function say(text) {
  toast(h("div", { class: "phone" }, h("p", {}, text)));
}

// ---- the bar at the top ----

function closeMenu() {
  document.body.classList.remove("menu-open");
  byId("menu").setAttribute("aria-expanded", "false");
}

byId("menu").addEventListener("click", () => {
  const open = document.body.classList.toggle("menu-open");
  byId("menu").setAttribute("aria-expanded", String(open));
  if (open) byId("sidebar").querySelector("a")?.focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !document.body.classList.contains("menu-open")) return;
  closeMenu();
  byId("menu").focus();
});
byId("sidebar").addEventListener("click", closeMenu); // also on where one is
byId("acting").addEventListener("change", ({ target }) => go(target.value, state.place));
byId("peek").addEventListener("click", (event) => {
  state.peek = !state.peek;
  event.currentTarget.setAttribute("aria-pressed", String(state.peek));
  refresh();
});

// ---- begin, then follow ----
async function follow() {
  let next = 0;
  for (;;) {
    try {
      next = (await get("changes", { since: next, wait: 25 })).next;
      await refresh();
    } catch {
      await new Promise((settle) => setTimeout(settle, 1000)); // the workspace is away; ask again
    }
  }
}

fromAddress();
state.offers = await get("app");
document.title = `${appName()} · local workspace`;
await arrive();
follow();
