/** Where a message is written: text, attachments, samples; by pointer, keyboard, drop or paste. */

import { sendMessage } from "../server/api.js";
import { Attachments } from "./attachments.js";
import { byId, el } from "../dom.js";
import { attempt, problem } from "../notices.js";
import { showSamples } from "./samples.js";
import { t } from "../strings.js";

/** Telegram's limits for a text and for the words beside a photo. */
const LONGEST_TEXT = 4096;
const LONGEST_CAPTION = 1024;

export class Composer {
  #form = byId("composer");
  #text = byId("text");
  #send = byId("send");
  #sending = false;
  #last = Promise.resolve();
  #chatEmpty = true;
  #attachments = new Attachments({ onChange: () => this.#update(), onProblem: problem });

  /** `onSent` is called once the server has taken a message. */
  constructor({ onSent }) {
    this.onSent = onSent;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#text.addEventListener("input", () => this.#update());
    this.#text.addEventListener("keydown", (event) => {
      // While an input method composes a word, Enter belongs to it.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
    byId("attach").addEventListener("change", ({ target }) => {
      if (target.files.length > 0) this.#attach([...target.files]);
      target.value = "";
    });
    document.addEventListener("paste", (event) => this.#paste(event));
    acceptDrops((files) => this.#attach(files));
    showSamples({ onPick: (file) => this.#attach([file]), onProblem: problem });
  }

  /** Sends a text at once, as a pressed command does. */
  sendText(text) {
    this.#last = this.#last.then(() => this.#deliver({ text, files: [], asFile: false }));
  }

  setChatEmpty(empty) {
    this.#chatEmpty = empty;
    this.#update();
  }

  #attach(files) {
    problem("");
    this.#attachments.add(files);
    this.#text.focus();
  }

  #paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0 || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    this.#attach(files);
  }

  /** Sends what is written; where something is on its way, after it. */
  #submit() {
    this.#last = this.#last.then(() => this.#submitNow());
  }

  async #submitNow() {
    const message = { text: this.#text.value.trim(), files: this.#attachments.files, asFile: this.#attachments.asFile };
    if (!message.text && message.files.length === 0) {
      this.#text.focus();
      return;
    }
    const most = message.files.length > 0 ? LONGEST_CAPTION : LONGEST_TEXT;
    if ([...message.text].length > most) {
      problem(t(message.files.length > 0 ? "captionTooLong" : "textTooLong", { count: most }));
      this.#text.focus();
      return;
    }
    // Taken off at once: what is written or attached from now on is the next message.
    this.#text.value = "";
    this.#attachments.clear();
    if (!(await this.#deliver(message))) this.#putBack(message);
    this.#text.focus();
  }

  #putBack({ text, files, asFile }) {
    if (!this.#text.value) this.#text.value = text;
    if (files.length > 0) this.#attachments.add(files);
    this.#attachments.asFile ||= asFile;
    this.#update();
  }

  /** Returns whether the server took the message; where not, its reason is shown and nothing typed is lost. */
  async #deliver(message) {
    if (this.#sending) return false;
    this.#setSending(true);
    try {
      return await attempt(async () => {
        await sendMessage(message);
        problem("");
        this.onSent();
      });
    } finally {
      this.#setSending(false);
    }
  }

  #setSending(sending) {
    this.#sending = sending;
    if (sending) this.#send.setAttribute("aria-busy", "true");
    else this.#send.removeAttribute("aria-busy");
  }

  #update() {
    const files = this.#attachments.files;
    this.#send.classList.toggle("idle", !this.#text.value.trim() && files.length === 0);
    this.#text.placeholder = t(files.length > 0 ? "sayWhat" : "message");
    this.#grow();
    byId("strip").hidden = this.#chatEmpty;
  }

  #grow() {
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }
}

/** Takes files dropped anywhere on the page. */
function acceptDrops(onFiles) {
  const sign = byId("drop");
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  let depth = 0; // Each element under the pointer fires its own enter and leave: only the outermost count.
  document.addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    depth += 1;
    sign.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    depth -= 1;
    sign.hidden = depth > 0 ? sign.hidden : true;
  });
  document.addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    sign.hidden = true;
    onFiles([...event.dataTransfer.files]);
  });
}
