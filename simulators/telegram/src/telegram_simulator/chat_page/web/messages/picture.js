/** A picture in a message: its place is reserved before it loads. */

import { el } from "../dom.js";
import { t } from "../strings.js";

/** The box a lone picture is fitted into, and the least it may shrink to, in CSS pixels. */
const BOX = 400;
const LEAST = 140;

/** Makes the button that shows `photo` and opens it. */
export function picture(photo, { alt, onOpen }) {
  const button = el("button", { type: "button", class: "picture", "aria-label": `${t("openPhoto")}: ${alt}`, onclick: onOpen });
  reserve(button, photo);
  button.append(image(photo, alt));
  return button;
}

function reserve(button, { width, height }) {
  const scale = Math.min(BOX / width, BOX / height, 1);
  button.style.setProperty("--width", `${Math.max(LEAST, Math.round(width * scale))}px`);
  button.style.setProperty("--ratio", `${width} / ${height}`);
}

function image({ url, width, height }, alt) {
  const img = el("img", { src: url, width, height, alt, decoding: "async", draggable: "false" });
  img.addEventListener("load", () => img.classList.add("ready"));
  img.addEventListener("error", () => {
    img.parentElement?.classList.add("gone");
    img.alt = t("gone");
  });
  return img;
}
