/** The ordered list of the chat, kept in step with the conversation item by item. */

import { byId } from "../dom.js";
import { dayKey } from "./format.js";
import { MessageView } from "./message-view.js";

/** Messages of one sender within so many seconds are drawn as one group. */
const TOGETHER_S = 180;

export class MessageList {
  #list = byId("messages");
  #views = new Map();

  constructor(actions) {
    this.actions = { ...actions, onQuote: (id) => this.#reveal(id) };
  }

  /** Brings the list to what `entries` say. `animate` lets new items slide in. */
  sync(entries, { nameOf, animate }) {
    const wanted = new Set(entries.map((entry) => entry.key));
    for (const [key, view] of this.#views) {
      if (wanted.has(key)) continue;
      view.item.remove();
      this.#views.delete(key);
    }
    let previous = null;
    entries.forEach((entry, index) => {
      const view = this.#views.get(entry.key) ?? this.#add(entry.key, animate);
      const [first] = entry.messages;
      const newDay = previous === null || dayKey(previous.date) !== dayKey(first.date);
      const joined = !newDay && nameOf(previous) === nameOf(first) && first.date - previous.date < TOGETHER_S;
      view.show({ messages: entry.messages, nameOf, newDay, joined });
      if (this.#list.children[index] !== view.item) this.#list.insertBefore(view.item, this.#list.children[index] ?? null);
      previous = entry.messages.at(-1);
    });
  }

  /** Ends the waiting look of every pressed button. */
  settle() {
    for (const view of this.#views.values()) view.settle();
  }

  #add(key, animate) {
    const view = new MessageView(this.actions);
    if (animate) view.item.classList.add("arriving");
    this.#views.set(key, view);
    return view;
  }

  #reveal(id) {
    const item = this.#list.querySelector(`[data-id="${CSS.escape(String(id))}"]`);
    if (!item) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    item.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
  }
}
