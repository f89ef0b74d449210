/** The pictures about to be sent: chosen, dropped, pasted or taken from the samples. */

import { byId, el, icon } from "../dom.js";
import { size } from "../messages/format.js";
import { t } from "../strings.js";

/** Telegram's limit for an album. */
const MOST = 10;
/** What Telegram can send as a photo; anything else goes as a file. */
const PHOTO_TYPES = new Set(["image/jpeg", "image/png", "image/webp"]);

export class Attachments {
  #files = [];
  #previews = byId("previews");
  #asFile = byId("as-file");

  /** `onChange` is called after each change; `onProblem` with words where something cannot be attached. */
  constructor({ onChange, onProblem }) {
    Object.assign(this, { onChange, onProblem });
  }

  get files() {
    return [...this.#files];
  }

  get asFile() {
    return this.#asFile.checked;
  }

  set asFile(wanted) {
    if (!this.#asFile.disabled) this.#asFile.checked = wanted;
  }

  add(files) {
    const room = MOST - this.#files.length;
    if (files.length === 0) this.onProblem(t("noFiles"));
    if (files.length > room) this.onProblem(t("tooMany", { count: MOST }));
    for (const file of files.slice(0, room)) {
      this.#files.push(file);
      this.#previews.append(this.#preview(file));
    }
    this.#changed();
  }

  clear() {
    this.#files = [];
    for (const image of this.#previews.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    this.#previews.replaceChildren();
    this.#asFile.checked = false;
    this.#changed();
  }

  #preview(file) {
    const remove = el(
      "button",
      { type: "button", class: "remove", "aria-label": t("remove", { name: file.name }), onclick: () => this.#remove(file, item) },
      icon("close"),
    );
    const item = el("li", { class: "preview", title: `${file.name}, ${size(file.size)}` }, this.#thumbnail(file), remove);
    return item;
  }

  #thumbnail(file) {
    const image = el("img", { src: URL.createObjectURL(file), alt: file.name, width: 64, height: 64 });
    // A picture the browser cannot draw (HEIC, a broken one) can still be sent: its name stands for it.
    image.addEventListener("error", () => image.replaceWith(el("span", { class: "unseen" }, icon("file"), file.name)));
    return image;
  }

  #remove(file, item) {
    const neighbour = item.nextElementSibling ?? item.previousElementSibling;
    this.#files = this.#files.filter((other) => other !== file);
    for (const image of item.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    item.remove();
    this.#changed();
    (neighbour?.querySelector("button") ?? byId("text")).focus();
  }

  #changed() {
    byId("attached").hidden = this.#files.length === 0;
    const mustBeFile = this.#files.some((file) => !PHOTO_TYPES.has(file.type));
    if (mustBeFile) this.#asFile.checked = true;
    else if (this.#asFile.disabled) this.#asFile.checked = false;
    this.#asFile.disabled = mustBeFile;
    this.onChange();
  }
}
