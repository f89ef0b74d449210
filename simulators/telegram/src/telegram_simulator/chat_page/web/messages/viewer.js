/** Photos at full size: leaf through all of the chat's (before and after, one key apart), download, close. */

import { byId } from "../dom.js";
import { t } from "../strings.js";

export class Viewer {
  #dialog = byId("viewer");
  #image = byId("viewer-image");
  #caption = byId("viewer-caption");
  #download = byId("viewer-download");
  #photos = [];
  #index = 0;

  constructor() {
    byId("viewer-close").addEventListener("click", () => this.#dialog.close());
    byId("viewer-previous").addEventListener("click", () => this.#step(-1));
    byId("viewer-next").addEventListener("click", () => this.#step(1));
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
    this.#dialog.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft") this.#step(-1);
      if (event.key === "ArrowRight") this.#step(1);
    });
    this.#dialog.addEventListener("close", () => this.#image.removeAttribute("src"));
  }

  /** `photos`: all messages with a photo; `id`: the one to begin with; `nameOf(message)`: who sent it. */
  open(photos, id, nameOf) {
    this.#photos = photos;
    this.nameOf = nameOf;
    this.#index = Math.max(0, photos.findIndex((message) => message.id === id));
    this.#show();
    this.#dialog.showModal();
  }

  #step(by) {
    const next = this.#index + by;
    if (next < 0 || next >= this.#photos.length) return;
    this.#index = next;
    this.#show();
  }

  #show() {
    const message = this.#photos[this.#index];
    const name = this.nameOf(message);
    this.#image.width = message.photo.width;
    this.#image.height = message.photo.height;
    this.#image.src = message.photo.url;
    this.#image.alt = message.from === "user" ? t("photoOfYou") : t("photoOf", { name });
    this.#caption.textContent = message.text ? `${name}: ${message.text}` : name;
    this.#download.href = message.photo.url;
    this.#download.download = `photo-${message.id}.jpg`;
    // Disabled in looks only, so that the focus is not lost at either end.
    byId("viewer-previous").setAttribute("aria-disabled", String(this.#index === 0));
    byId("viewer-next").setAttribute("aria-disabled", String(this.#index === this.#photos.length - 1));
  }
}
