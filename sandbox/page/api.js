// The workspace's doors. Every answer is JSON; a workspace that is gone is said once, at the top of the page.

import { byId } from "./dom.js";

function trouble(text) {
  const line = byId("trouble");
  line.textContent = text;
  line.hidden = !text;
}

async function ask(path, options) {
  try {
    const answer = await fetch(`/sim/${path}`, options);
    trouble("");
    return await answer.json();
  } catch (failure) {
    if (failure.name === "AbortError") throw failure;
    trouble("The workspace does not answer. Is it still running in its terminal?");
    throw failure;
  }
}

/** GET /sim/path. */
export function get(path, params = {}, signal = undefined) {
  const query = new URLSearchParams(params).toString();
  return ask(query ? `${path}?${query}` : path, { signal });
}

/** POST /sim/path. */
export function post(path, body = {}) {
  return ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

/** Act as a person. */
export function act(verb, user, body = {}) {
  return post(`act/${verb}`, { user, ...body });
}
