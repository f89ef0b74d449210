/** Photos for those who have none at hand: large cards in an empty chat, a strip by the composer later. */

import { fetchFile, fetchSamples } from "../server/api.js";
import { byId, el } from "../dom.js";
import { sampleTitle, t } from "../strings.js";

export class Samples {
  #samples = [];

  /** `onPick(file)` is given the photo as a file; `onProblem(text)` where it cannot be had. */
  constructor({ onPick, onProblem }) {
    Object.assign(this, { onPick, onProblem });
  }

  /** Fetches the list; a page without samples is still a chat, so a failure leaves the strip away. */
  async load() {
    this.#samples = await fetchSamples().catch(() => []);
    this.render();
  }

  get none() {
    return this.#samples.length === 0;
  }

  render() {
    byId("sample-cards").replaceChildren(...this.#samples.map((sample) => this.#item(sample, "card", sampleTitle(sample))));
    byId("sample-strip").replaceChildren(...this.#samples.map((sample) => this.#item(sample, "thumb", null)));
  }

  #item(sample, kind, caption) {
    const title = sampleTitle(sample);
    return el("li", {}, el(
      "button",
      { type: "button", class: kind, "aria-label": t("useSample", { name: title }), title, onclick: () => this.#pick(sample) },
      el("img", { src: sample.url, alt: "", draggable: "false" }),
      caption && el("span", {}, caption),
    ));
  }

  async #pick(sample) {
    try {
      const name = sample.url.split("/").at(-1);
      this.onPick(await fetchFile(sample.url, /\.\w+$/.test(name) ? name : sample.name));
    } catch {
      this.onProblem(t("sampleFailed"));
    }
  }
}
