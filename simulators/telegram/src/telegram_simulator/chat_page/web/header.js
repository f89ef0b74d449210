/** The bot's name and what it is doing, as the page's header says it. */

import { byId } from "./dom.js";
import { t } from "./strings.js";

/** How long an action stays on, as in Telegram's clients. */
const ACTION_MS = 5500;
const ACTIONS = new Set(["upload_photo", "upload_document", "typing"]);

export class Header {
  #timer = 0;

  show({ name, online, action }) {
    clearTimeout(this.#timer);
    byId("bot-name").textContent = name;
    if (!action) return this.#say(online ? "online" : "offline");
    this.#timer = setTimeout(() => this.show({ name, online }), ACTION_MS);
    this.#say(ACTIONS.has(action) ? action : "busy", "acting");
  }

  setDisconnected() {
    clearTimeout(this.#timer);
    this.#say("connecting");
  }

  #say(text, kind = text) {
    byId("bot-status").textContent = t(text);
    byId("bot-status").className = `status ${kind}`;
  }
}
