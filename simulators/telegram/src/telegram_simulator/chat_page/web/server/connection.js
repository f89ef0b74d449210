/** Keeps the page in step with the server: the state at each (re)connection, then its events. */

import { eventsAddress, fetchState } from "./api.js";

const EVENTS = ["message", "edit", "delete", "action", "answer", "bot"];
const LONGEST_PAUSE_MS = 8000;

export class Connection {
  #source = null;
  #failures = 0;
  /** Events that came while the state was under way: newer than it, so they are applied on top. Null: none is. */
  #held = null;

  constructor({ onState, onEvent, onLost }) {
    Object.assign(this, { onState, onEvent, onLost });
  }

  open() {
    const source = new EventSource(eventsAddress());
    this.#source = source;
    source.addEventListener("open", () => this.#refetch(source));
    source.addEventListener("error", () => {
      this.onLost();
      // A browser retries by itself after a cut, but gives up for good on an answer that is no event stream.
      if (source.readyState === EventSource.CLOSED) this.#reopen(source);
    });
    for (const name of EVENTS) {
      // A failed connection is an "error" event of another kind, hence none of ours has that name.
      source.addEventListener(name, (event) => this.#receive(name, JSON.parse(event.data)));
    }
  }

  #receive(name, data) {
    if (this.#held) this.#held.push([name, data]);
    else this.onEvent(name, data);
  }

  /** Subscribed first, then the state: nothing that happens between the two is missed. */
  async #refetch(source) {
    this.#held = [];
    let state;
    try {
      state = await fetchState();
    } catch {
      this.onLost();
      this.#reopen(source);
      return;
    }
    if (source !== this.#source) return;
    this.#failures = 0;
    const held = this.#held;
    this.#held = null;
    this.onState(state);
    for (const [name, data] of held) this.onEvent(name, data);
  }

  #reopen(source) {
    if (source !== this.#source) return;
    source.close();
    this.#source = null;
    this.#held = null;
    const pause = Math.min(500 * 2 ** this.#failures, LONGEST_PAUSE_MS);
    this.#failures += 1;
    setTimeout(() => this.open(), pause);
  }
}
