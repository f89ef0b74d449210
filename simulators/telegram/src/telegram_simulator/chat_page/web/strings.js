/** The page's own words. What the bot says comes from the bot, in the language told to it. */

const texts = {
  en: {
    chat: "Chat", composer: "Compose", message: "Message", send: "Send", attach: "Attach photo",
    attachments: "Attachments", asFile: "Send as file", samples: "Sample photos",
    emptyTitle: "Pick a photo, say what to change",
    emptyHint: "Take one of these, or drop, paste or attach your own.",
    start: "Or say hello first:", dropHere: "Drop the photos here", sayWhat: "What should change?",
    online: "online", offline: "offline: the bot is not running", connecting: "connecting…",
    lost: "Connection lost. Trying again…",
    upload_photo: "sending a photo", upload_document: "sending a file", typing: "typing", busy: "working",
    you: "You", today: "Today", yesterday: "Yesterday", edited: "edited",
    photoOf: "Photo from {name}", photoOfYou: "Photo you sent", openPhoto: "Open photo", gone: "This picture is no longer there",
    photo: "Photo", download: "Download", close: "Close", viewer: "Photo",
    toBottom: "To the latest", remove: "Remove {name}", useSample: "Use sample photo: {name}",
    inReplyTo: "In reply to", price: "⭐️ {stars}", invoicePaid: "⭐️ {stars} · paid",
    paid: "You paid ⭐️ {stars}", refunded: "⭐️ {stars} came back to you",
    tooMany: "At most {count} pictures fit in one go.", noFiles: "Nothing in there can be attached.",
    textTooLong: "At most {count} characters fit in one message.", captionTooLong: "At most {count} characters fit beside a photo.",
    unreachable: "The simulator does not answer. Is it still running?",
    refused: "The simulator refused this ({status}).",
    sampleFailed: "The sample photo could not be loaded.",
    bytes: "B", kilobytes: "KB", megabytes: "MB",
  },
  ru: {
    chat: "Чат", composer: "Новое сообщение", message: "Сообщение", send: "Отправить", attach: "Прикрепить фото",
    attachments: "Вложения", asFile: "Отправить файлом", samples: "Примеры фото",
    emptyTitle: "Выберите фото и скажите, что изменить",
    emptyHint: "Возьмите одно из этих — или перетащите, вставьте, прикрепите своё.",
    start: "Или сначала поздоровайтесь:", dropHere: "Отпустите фото здесь", sayWhat: "Что изменить?",
    online: "в сети", offline: "не в сети: бот не запущен", connecting: "соединение…",
    lost: "Связь потеряна. Пробуем снова…",
    upload_photo: "отправляет фото", upload_document: "отправляет файл", typing: "печатает", busy: "работает",
    you: "Вы", today: "Сегодня", yesterday: "Вчера", edited: "изменено",
    photoOf: "Фото от {name}", photoOfYou: "Ваше фото", openPhoto: "Открыть фото", gone: "Этого фото больше нет",
    photo: "Фото", download: "Скачать", close: "Закрыть", viewer: "Фото",
    toBottom: "К последним", remove: "Убрать {name}", useSample: "Взять пример: {name}",
    inReplyTo: "В ответ на сообщение:", price: "⭐️ {stars}", invoicePaid: "⭐️ {stars} · оплачено",
    paid: "Вы заплатили ⭐️ {stars}", refunded: "Вам вернули ⭐️ {stars}",
    tooMany: "За один раз помещается не больше {count} фото.", noFiles: "Здесь нечего прикрепить.",
    textTooLong: "В одно сообщение помещается не больше {count} знаков.", captionTooLong: "Рядом с фото помещается не больше {count} знаков.",
    unreachable: "Симулятор не отвечает. Он ещё запущен?",
    refused: "Симулятор отказал ({status}).",
    sampleFailed: "Не удалось загрузить пример.",
    bytes: "Б", kilobytes: "КБ", megabytes: "МБ",
  },
};

const sampleTitles = {
  en: { astronaut: "Astronaut", cat: "Cat", coffee: "Coffee", cameraman: "Cameraman", rocket: "Rocket" },
  ru: { astronaut: "Астронавт", cat: "Кошка", coffee: "Кофе", cameraman: "Оператор", rocket: "Ракета" },
};

let current = "en";

export const language = () => current;

/** A text of the page in its language; `{name}` is filled from `values`. */
export function t(key, values = {}) {
  return texts[current][key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** The title of a sample photo. */
export const sampleTitle = (name) => sampleTitles[current][name];

/** Chooses the language of the page, and writes its fixed texts; called before anything else is shown. */
export function setLanguage(wanted) {
  current = wanted in texts ? wanted : "en";
  document.documentElement.lang = current;
  for (const [data, attribute] of [["t-label", "aria-label"], ["t-placeholder", "placeholder"], ["t-title", "title"]]) {
    for (const element of document.querySelectorAll(`[data-${data}]`)) {
      element.setAttribute(attribute, t(element.getAttribute(`data-${data}`)));
    }
  }
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
}
