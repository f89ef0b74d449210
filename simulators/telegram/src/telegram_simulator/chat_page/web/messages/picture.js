/** A picture in a message: its place is reserved before it loads, and a new one fades in over the old. */

import { el } from "../dom.js";
import { t } from "../strings.js";

/** The box a lone picture is fitted into, and the least it may shrink to, in CSS pixels. */
const BOX = 400;
const LEAST = 140;
/** Longer than the fade in messages.css: afterwards the old picture is taken away. */
const FADE_MS = 500;

/** Makes the button that shows `photo` and opens it. */
export function picture(photo, { alt, onOpen }) {
  const button = el("button", { type: "button", class: "picture", "aria-label": `${t("openPhoto")}: ${alt}`, onclick: onOpen });
  reserve(button, photo);
  button.append(image(photo, alt));
  return button;
}

/** Shows another photo in the same button, or gives the same one another description. */
export function swapPicture(button, photo, alt) {
  const old = [...button.querySelectorAll("img")];
  button.setAttribute("aria-label", `${t("openPhoto")}: ${alt}`);
  if (old.at(-1).getAttribute("src") === photo.url) {
    old.at(-1).alt = alt;
    return;
  }
  for (const each of old) each.alt = "";
  reserve(button, photo);
  button.classList.remove("gone");
  const next = image(photo, alt);
  next.addEventListener("load", () => setTimeout(() => old.forEach((each) => each.remove()), FADE_MS));
  next.addEventListener("error", () => old.forEach((each) => each.remove()));
  button.append(next);
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
