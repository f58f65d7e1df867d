// A message from the app that is new to her, as her phone tells it, wherever she looks.

import { h } from "./dom.js";
import { phone } from "./messages.js";
import { toast } from "./toast.js";

const NEWS_SECONDS = 120; // an older message is no notification any more

/** Tell of news in her direct channels. `read` and `state.seen` hold the last message of each that was read, or told. */
export function notify(state, read) {
  for (const channel of state.all.channels) {
    const name = `${state.user}/${channel.id}`;
    const last = channel.messages.filter((one) => one.bot_id && !one.ephemeral && !one.thread_ts).at(-1);
    const before = state.seen.get(name) ?? read[name] ?? "0";
    state.seen.set(name, last?.ts ?? "0");
    const recent = last && Date.now() / 1000 - Number(last.ts) < NEWS_SECONDS;
    if (channel.is_im && recent && Number(last.ts) > Number(before)) {
      toast(h("p", { class: "unseen" }, "A notification:"), phone(last.text, { names: state.names }));
    }
  }
}
