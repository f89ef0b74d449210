/** A photo at full size: look, download, close. */

import { byId } from "../dom.js";
import { t } from "../strings.js";

export class Viewer {
  #dialog = byId("viewer");
  #image = byId("viewer-image");

  constructor() {
    byId("viewer-close").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
    this.#dialog.addEventListener("close", () => this.#image.removeAttribute("src"));
  }

  /** Shows the photo of a message, which `name` has sent. */
  open(message, name) {
    const { url, width, height } = message.photo;
    Object.assign(this.#image, { src: url, width, height });
    this.#image.alt = message.from === "user" ? t("photoOfYou") : t("photoOf", { name });
    byId("viewer-caption").textContent = message.text ? `${name}: ${message.text}` : name;
    Object.assign(byId("viewer-download"), { href: url, download: `photo-${message.id}.jpg` });
    this.#dialog.showModal();
  }
}
