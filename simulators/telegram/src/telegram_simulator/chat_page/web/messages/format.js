/** Dates and sizes as people read them. */

import { language, t } from "../strings.js";

export const time = (seconds) =>
  new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(seconds * 1000));

export const fullDate = (seconds) =>
  new Intl.DateTimeFormat(language(), { dateStyle: "long", timeStyle: "medium" }).format(new Date(seconds * 1000));

/** Names a calendar day; the same string for every moment of one day. */
export const dayKey = (seconds) => new Date(seconds * 1000).toDateString();

export function day(seconds) {
  const date = new Date(seconds * 1000);
  const now = new Date();
  if (date.toDateString() === now.toDateString()) return t("today");
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (date.toDateString() === yesterday.toDateString()) return t("yesterday");
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return new Intl.DateTimeFormat(language(), { day: "numeric", month: "long", year }).format(date);
}

export function size(bytes) {
  if (bytes < 1024) return `${bytes} ${t("bytes")}`;
  const [value, unit] = bytes < 1024 * 1024 ? [bytes / 1024, t("kilobytes")] : [bytes / 1024 / 1024, t("megabytes")];
  return `${new Intl.NumberFormat(language(), { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)} ${unit}`;
}
