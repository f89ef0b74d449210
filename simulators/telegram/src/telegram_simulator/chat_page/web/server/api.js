/** The simulator's page API over HTTP. */

import { t } from "../strings.js";

/**
 * Who chats here, and where: `?user=ID` in the page's address lets several people chat in several tabs, each alone with
 * the bot or, with `&group=TITLE`, in a group.
 */
const asked = new URLSearchParams(location.search);
const place = new URLSearchParams({ user: asked.get("user") ?? "1001" });
if (asked.get("group")) place.set("group", asked.get("group"));

/** A request that failed, in words fit to be shown. */
export class ApiError extends Error {}

const address = (path) => `${path}?${place}`;

export const eventsAddress = () => address("/chat/events");

export const fetchState = async () => (await call("/chat/state")).json();

export const fetchSamples = async () => (await call("/chat/samples")).json();

/** Sends a text, pictures, or both; several pictures become an album. */
export function sendMessage({ text, files, asFile }) {
  const body = new FormData();
  if (text) body.append("text", text);
  for (const file of files) body.append("files", file, file.name);
  body.append("as_file", asFile ? "1" : "0");
  return call("/chat/messages", { method: "POST", body });
}

export const press = (messageId, data) => postJson("/chat/press", { message_id: messageId, data });

export const pay = (messageId) => postJson("/chat/pay", { message_id: messageId });

/** Fetches a picture of this server as a file that can be attached. */
export async function fetchFile(url, name) {
  const blob = await (await call(url)).blob();
  return new File([blob], name, { type: blob.type });
}

const postJson = (path, value) =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });

async function call(path, init) {
  let response;
  try {
    response = await fetch(address(path), init);
  } catch {
    throw new ApiError(t("unreachable"));
  }
  if (!response.ok) throw new ApiError(await reason(response));
  return response;
}

/** What the server says went wrong, or its status where it says nothing readable. */
async function reason(response) {
  const fallback = t("refused", { status: response.status });
  if (!response.headers.get("Content-Type")?.includes("json")) return fallback;
  const body = await response.json().catch(() => ({}));
  return body.error ?? body.description ?? body.message ?? fallback;
}
