/** Photos for those who have none at hand: large cards in an empty chat, a strip by the composer later. */

import { fetchFile } from "../server/api.js";
import { byId, el } from "../dom.js";
import { sampleTitle, t } from "../strings.js";

const NAMES = ["astronaut", "cameraman", "cat", "coffee", "rocket"];

/** Shows them; `onPick(file)` is given the photo as a file, `onProblem(text)` says that it cannot be had. */
export function showSamples({ onPick, onProblem }) {
  const pick = async (name) => {
    try {
      onPick(await fetchFile(`/chat/samples/${name}.jpg`, `${name}.jpg`));
    } catch {
      onProblem(t("sampleFailed"));
    }
  };
  const item = (name, kind) => {
    const title = sampleTitle(name);
    const label = { "aria-label": t("useSample", { name: title }), title };
    const image = el("img", { src: `/chat/samples/${name}.jpg`, alt: "", draggable: "false" });
    const caption = kind === "card" ? el("span", {}, title) : null;
    return el("li", {}, el("button", { type: "button", class: kind, ...label, onclick: () => pick(name) }, image, caption));
  };
  byId("sample-cards").replaceChildren(...NAMES.map((name) => item(name, "card")));
  byId("sample-strip").replaceChildren(...NAMES.map((name) => item(name, "thumb")));
}
