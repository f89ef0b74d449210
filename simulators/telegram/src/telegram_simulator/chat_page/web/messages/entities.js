/** Text with Telegram's message entities, built node by node: no text is ever parsed as HTML. */

import { el } from "../dom.js";

const TAGS = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre",
  blockquote: "blockquote", expandable_blockquote: "blockquote", spoiler: "span",
};

/** What people expect to press in a plain text, marked by Telegram's servers even where the sender marked nothing. */
const TOUCHABLE = /https?:\/\/[^\s<>"]*[^\s<>".,:;!?)\]]|(?<![\w/@<.:])\/[a-z][a-z0-9_]{0,31}(?![\w/])/gi;

/**
 * Builds the text's nodes. Offsets and lengths are in UTF-16 units, as JavaScript's strings are.
 * `onCommand` makes commands such as /help pressable; null leaves them as text.
 */
export function richText(text, entities, onCommand) {
  const fragment = document.createDocumentFragment();
  // Outer entities first, so that what lies within is reached by the recursion.
  const sorted = [...(entities ?? [])].sort((a, b) => a.offset - b.offset || b.length - a.length);
  append(fragment, { text, entities: sorted, from: 0, to: text.length, onCommand });
  return fragment;
}

function append(parent, { text, entities, from, to, onCommand }) {
  let position = from;
  for (let index = 0; index < entities.length; index += 1) {
    const entity = entities[index];
    const end = Math.min(entity.offset + entity.length, to);
    if (entity.offset < position || end <= entity.offset) continue;
    const inner = entities.slice(index + 1).filter((other) => other.offset < end);
    plain(parent, text.slice(position, entity.offset), onCommand);
    const content = text.slice(entity.offset, end);
    const node = wrap(entity, content, onCommand);
    const literal = ["CODE", "PRE", "A", "BUTTON"].includes(node.tagName);
    append(node, { text, entities: inner, from: entity.offset, to: end, onCommand: literal ? null : onCommand });
    parent.append(node);
    position = end;
  }
  plain(parent, text.slice(position, to), onCommand);
}

function wrap(entity, content, onCommand) {
  switch (entity.type) {
    case "text_link":
      return link(entity.url) ?? el("span");
    case "url":
      return link(content.includes("://") ? content : `https://${content}`) ?? el("span");
    case "bot_command":
      return onCommand ? command(content, onCommand) : el("span");
    case "spoiler":
      return el("span", { class: "spoiler", tabindex: 0 });
    default:
      return el(TAGS[entity.type] ?? "span");
  }
}

function plain(parent, text, onCommand) {
  if (!text) return;
  if (!onCommand) {
    parent.append(text);
    return;
  }
  let position = 0;
  for (const match of text.matchAll(TOUCHABLE)) {
    const node = match[0].startsWith("/") ? command(match[0], onCommand) : (link(match[0]) ?? el("span"));
    node.append(match[0]);
    parent.append(text.slice(position, match.index), node);
    position = match.index + match[0].length;
  }
  parent.append(text.slice(position));
}

const command = (text, onCommand) => el("button", { type: "button", class: "command", onclick: () => onCommand(text) });

/** A link that opens elsewhere, or null for an address that a browser must not follow from here. */
export function link(url) {
  if (!URL.canParse(url) || !["http:", "https:", "tg:", "mailto:"].includes(new URL(url).protocol)) return null;
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer" });
}
