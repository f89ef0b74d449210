/** A message's text, built node by node: none is ever parsed as HTML. */

import { el } from "../dom.js";

/** What people expect to press in a plain text. */
const TOUCHABLE = /https?:\/\/[^\s<>"]*[^\s<>".,:;!?)\]]|(?<![\w/@<.:])\/[a-z][a-z0-9_]{0,31}(?![\w/])/gi;

/** Builds the text with its links and, where `onCommand` is given, its commands such as /help as something to press. */
export function richText(text, onCommand) {
  const fragment = document.createDocumentFragment();
  let position = 0;
  for (const match of text.matchAll(TOUCHABLE)) {
    const node = match[0].startsWith("/") ? command(match[0], onCommand) : link(match[0]);
    fragment.append(text.slice(position, match.index), node);
    position = match.index + match[0].length;
  }
  fragment.append(text.slice(position));
  return fragment;
}

const command = (text, onCommand) =>
  onCommand ? el("button", { type: "button", class: "command", onclick: () => onCommand(text) }, text) : text;

const link = (url) => el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, url);
