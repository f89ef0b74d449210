/**
 * One list item: a message, or an album's messages as one. When its messages change, only the parts that differ are
 * built anew, so that the keyboard's focus stays on a button while the text above it counts steps.
 */

import { el, icon } from "../dom.js";
import * as format from "./format.js";
import { picture } from "./picture.js";
import { richText } from "./rich-text.js";
import { t } from "../strings.js";

/** A button that nobody answers stops spinning after this. */
const PRESS_TIMEOUT_MS = 10_000;

export class MessageView {
  /** The part each slot shows, as {signature, node}. */
  #parts = new Map();
  #words = el("div", { class: "words" });
  #bubble = el("div", { class: "bubble" }, this.#words);
  #stack = el("div", { class: "stack" }, this.#bubble);
  #messages = [];
  #author = "";

  /** `actions`: onOpen(message), onPress(message, button) -> Promise, onPay(message) -> Promise, onCommand(text), onQuote(id), find(id). */
  constructor(actions) {
    this.actions = actions;
    this.item = el("li", { class: "entry" }, this.#stack);
  }

  /** Shows the entry; `newDay` puts the date above it, `joined` draws it together with the one before. */
  show({ messages, nameOf, newDay, joined }) {
    const [first] = messages;
    this.item.classList.toggle("own", first.from === "user");
    this.item.classList.toggle("joined", joined);
    this.item.dataset.id = first.id;
    this.#slot("day", this.item, newDay && format.day(first.date), () => el("p", { class: "day" }, format.day(first.date)));
    this.item.classList.toggle("service", Boolean(first.payment));
    const author = nameOf(first);
    if (author === this.#author && sameItems(messages, this.#messages)) return;
    this.#messages = messages;
    this.#author = author;
    this.#showBubble(first, nameOf);
  }

  /** Ends the waiting look of pressed buttons. */
  settle() {
    for (const button of this.item.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  }

  #showBubble(first, nameOf) {
    if (first.payment) {
      this.#slot("service", this.item, first.payment, () => el("p", { class: "day" }, moneyOf(first)));
      return;
    }
    const own = first.from === "user";
    const captioned = this.#messages.find((message) => message.text) ?? first;
    const quoted = first.reply_to ? this.actions.find(first.reply_to) : null;
    this.#slot("author", this.#bubble, this.#author, (author) => el("span", { class: "author sr-only" }, `${author}: `));
    this.#slot("quote", this.#bubble, quoted && [quoted.id, quoted.text, Boolean(quoted.photo), moneyOf(quoted), nameOf(quoted)], () => this.#quote(quoted, nameOf(quoted)));
    this.#showPhotos(own);
    this.#slot("files", this.#bubble, this.#having("document").map((message) => message.document), (documents) =>
      el("div", { class: "files" }, ...documents.map(fileCard)));
    this.#slot("invoice", this.#words, first.invoice, invoiceCard);
    this.#slot("text", this.#words, captioned.text, (text) =>
      el("div", { class: "text" }, richText(text, first.from === "bot" ? this.actions.onCommand : null)));
    this.#slot("meta", this.#words, [first.date, this.#messages.some((message) => message.edited)], meta);
    this.#slot("buttons", this.#stack, captioned.buttons ?? [], (rows) => this.#keyboard(captioned, rows));
    this.#bubble.classList.toggle("bare", this.#having("photo").length > 0 && !captioned.text && !this.#having("document").length);
    this.#bubble.classList.toggle("pictured", this.#having("photo").length > 0);
  }

  #having(kind) {
    return this.#messages.filter((message) => message[kind]);
  }

  #showPhotos(own) {
    const alt = own ? t("photoOfYou") : t("photoOf", { name: this.#author });
    const shown = this.#having("photo");
    const value = shown.length > 0 && [alt, ...shown.map((message) => message.photo.url)];
    this.#slot("photos", this.#bubble, value, () => {
      // What is opened is looked up when pressed: by then the message may show another photo.
      const pictures = shown.map((message, index) =>
        picture(message.photo, { alt, onOpen: () => this.actions.onOpen(this.#having("photo")[index]) }));
      return el("div", { class: shown.length > 1 ? "photos album" : "photos" }, ...pictures);
    });
  }

  #quote(quoted, name) {
    const text = quoted.text || quoted.document?.name || moneyOf(quoted) || t("photo");
    return el(
      "button",
      { type: "button", class: "quote", onclick: () => this.actions.onQuote(quoted.id) },
      el("span", { class: "sr-only" }, t("inReplyTo")),
      quoted.photo ? el("img", { src: quoted.photo.url, alt: "", width: 36, height: 36 }) : null,
      el("span", {}, el("b", {}, name), " ", el("span", { class: "snippet" }, text)),
    );
  }

  #keyboard(message, rows) {
    return el("div", { class: "keyboard" }, ...rows.map((row) =>
      el("div", { class: "keys" }, ...row.map((button) => this.#key(message, button)))));
  }

  #key(message, button) {
    const act = button.pay ? () => this.actions.onPay(message) : () => this.actions.onPress(message, button);
    const press = async (event) => {
      const key = event.currentTarget;
      if (key.hasAttribute("aria-busy")) return;
      key.setAttribute("aria-busy", "true");
      setTimeout(() => key.removeAttribute("aria-busy"), PRESS_TIMEOUT_MS);
      if (!(await act()) || button.pay) key.removeAttribute("aria-busy");
    };
    return el("button", { type: "button", class: "key", onclick: press, "data-style": button.style }, button.text);
  }

  /** Fills a named place. An empty `value` (false, null, []) empties it; an equal one leaves it as it is. */
  #slot(name, parent, value, build) {
    const empty = !value || (Array.isArray(value) && value.length === 0);
    const signature = empty ? "" : JSON.stringify(value);
    const before = this.#parts.get(name);
    if (before?.signature === signature) return;
    const node = empty ? null : build(value);
    if (before?.node && node) before.node.replaceWith(node);
    else if (node) insert(parent, node, ORDER.indexOf(name));
    else before?.node?.remove();
    if (node) node.dataset.order = ORDER.indexOf(name);
    this.#parts.set(name, { signature, node });
  }
}

/** From top to bottom; the frames that are always there (stack, bubble, words) have places too. */
const ORDER = ["day", "stack", "bubble", "author", "quote", "photos", "files", "words", "invoice", "text", "meta", "buttons", "service"];

function insert(parent, node, order) {
  const place = (child) => Number(child.dataset.order ?? ORDER.indexOf(child.className.split(" ")[0]));
  parent.insertBefore(node, [...parent.children].find((child) => place(child) > order) ?? null);
}

function meta([date, edited]) {
  const clock = el("time", { datetime: new Date(date * 1000).toISOString(), title: format.fullDate(date) }, format.time(date));
  return el("span", { class: "meta" }, edited ? `${t("edited")} ` : null, clock);
}

/** What a message says that is about money and has no words of its own. */
function moneyOf({ invoice, payment }) {
  if (payment) return t(payment.refunded ? "refunded" : "paid", payment);
  return invoice ? invoice.title : "";
}

function invoiceCard(invoice) {
  const price = invoice.paid ? t("invoicePaid", invoice) : t("price", invoice);
  return el("div", { class: "invoice" }, el("b", {}, invoice.title), el("span", {}, invoice.description), el("span", { class: "price" }, price));
}

function fileCard(file) {
  const shown = /^image\/(png|jpeg|webp|gif)$/.test(file.mime ?? "");
  const thumbnail = shown
    ? el("img", { src: file.url, alt: "", loading: "lazy", width: 48, height: 48, onerror: ({ target }) => target.replaceWith(icon("file")) })
    : icon("file");
  return el(
    "a",
    { class: "file", href: file.url, download: file.name },
    el("span", { class: "thumbnail" }, thumbnail),
    el("span", { class: "file-text" }, el("b", {}, file.name), el("span", {}, `${format.size(file.size)} · `, t("download"))),
  );
}

const sameItems = (a, b) => a.length === b.length && a.every((item, index) => item === b[index]);
