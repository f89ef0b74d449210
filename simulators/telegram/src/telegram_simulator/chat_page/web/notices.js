/** Passing words: toasts and alerts by the bot, problems of the page. */

import { ApiError } from "./server/api.js";
import { byId, el } from "./dom.js";

const TOAST_MS = 5000;

export function toast(text) {
  const node = el("p", { class: "toast" }, text);
  byId("toasts").append(node);
  setTimeout(() => node.remove(), TOAST_MS);
}

export function alertDialog(text) {
  byId("alert-text").textContent = text;
  if (!byId("alert").open) byId("alert").showModal();
}

/** Says above the composer what went wrong; an empty text takes it back. */
export function problem(text) {
  if (byId("problem").textContent !== text) byId("problem").textContent = text;
}

/** Runs a request; its failure is told above the composer. Returns whether it went well. */
export async function attempt(request) {
  try {
    await request();
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    problem(error.message);
    return false;
  }
}
