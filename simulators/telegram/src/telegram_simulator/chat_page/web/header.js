/** The bot's name and what it is doing, as the page's header says it. */

import { byId } from "./dom.js";
import { t } from "./strings.js";

/** How long an action stays on, as in Telegram's clients. */
const ACTION_MS = 5500;

export class Header {
  #status = byId("bot-status");
  #connected = false;
  #online = false;
  #action = null;
  #timer = 0;

  setBot({ name, username, online }) {
    byId("bot-name").textContent = name || username;
    this.#connected = true;
    this.setOnline(online);
  }

  setOnline(online) {
    this.#online = online;
    this.render();
  }

  setDisconnected() {
    this.#connected = false;
    this.render();
  }

  /** Shows that the bot is busy for a few seconds, or until `setAction(null)`. */
  setAction(action) {
    clearTimeout(this.#timer);
    this.#action = action;
    if (action) this.#timer = setTimeout(() => this.setAction(null), ACTION_MS);
    this.render();
  }

  render() {
    const state = !this.#connected ? "connecting" : this.#online ? "online" : "offline";
    const acting = this.#connected && this.#action;
    this.#status.textContent = acting ? t(ACTIONS[this.#action] ?? "busy") : t(state);
    this.#status.className = `status ${acting ? "acting" : state}`;
  }
}

const ACTIONS = { upload_photo: "upload_photo", upload_document: "upload_document", typing: "typing" };
