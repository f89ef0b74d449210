/** The simulator's page API over HTTP. */

import { t } from "../strings.js";

/** Who chats here: `?user=ID` in the page's address lets several people chat in several tabs. */
const user = Number(new URLSearchParams(location.search).get("user") ?? 1001);

/** A request that failed, in words fit to be shown. */
export class ApiError extends Error {}

export async function fetchState(after) {
  return (await call(`/chat/state?user=${user}&after=${after}`)).json();
}

/** Sends a text, pictures, or both; several pictures become an album. */
export function sendMessage({ text, files, asFile }) {
  const body = new FormData();
  body.append("arguments", JSON.stringify({ user, text, kinds: files.map(() => (asFile ? "document" : "photo")) }));
  for (const file of files) body.append("files", file, file.name);
  return files.length > 0 ? call("/simulator/send", { method: "POST", body }) : act("send", { text });
}

export const press = (messageId, data) => act("press", { message: messageId, data });

export const pay = (messageId) => act("pay", { message: messageId });

/** Fetches a picture of this server as a file that can be attached. */
export async function fetchFile(url, name) {
  const blob = await (await call(url)).blob();
  return new File([blob], name, { type: blob.type });
}

/** Has the person of this page do something (`control/acts.py`). */
const act = (name, values) =>
  call(`/simulator/${name}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user, chat: user, ...values }),
  });

async function call(path, init) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", ...init });
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
