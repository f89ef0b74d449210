/** Composition root: wires the server's events to the parts of the page. */

import { ApiError, pay, press } from "./server/api.js";
import { Composer } from "./composer/composer.js";
import { entriesOf } from "./messages/conversation.js";
import { follow } from "./server/connection.js";
import { byId } from "./dom.js";
import { Header } from "./header.js";
import { MessageList } from "./messages/messages.js";
import { alertDialog, attempt, problem, toast } from "./notices.js";
import { Follower } from "./messages/scroll.js";
import { setLanguage, t } from "./strings.js";
import { Viewer } from "./messages/viewer.js";

setLanguage(navigator.language.split("-")[0]);

let chat = { bot: { name: "Bot" }, messages: [], answers: [] };
let connected = false;

const header = new Header();
const viewer = new Viewer();
const follower = new Follower();
const composer = new Composer({ onSent: () => follower.toEnd() });
const list = new MessageList({
  find: (id) => chat.messages.find((message) => message.id === id),
  onOpen: (message) => viewer.open(message, nameOf(message)),
  onPress: (message, button) => attempt(() => press(message.id, button.data)),
  onPay: (message) => attempt(() => pay(message.id)),
  onCommand: (text) => composer.sendText(text),
});

const nameOf = (message) => (message.from === "user" ? t("you") : chat.bot.name);

function onState(state, { first }) {
  const known = new Set(chat.answers.map((answer) => answer.id));
  const sent = state.messages.filter((message) => message.from === "user").length;
  const more = sent > chat.messages.filter((message) => message.from === "user").length;
  chat = state;
  if (!connected) problem("");
  connected = true;
  const empty = chat.messages.length === 0;
  list.sync(entriesOf(chat.messages), { nameOf, animate: !first });
  byId("empty").hidden = !empty;
  byId("log").hidden = empty;
  byId("log").setAttribute("aria-busy", "false");
  composer.setChatEmpty(empty);
  document.title = chat.bot.name;
  header.show(chat.bot);
  if (more) follower.toEnd();
  const answers = chat.answers.filter((answer) => !first && !known.has(answer.id));
  if (first || answers.length > 0) list.settle();
  for (const { text, alert } of answers) if (text) (alert ? alertDialog : toast)(text);
}

byId("start").addEventListener("click", () => composer.sendText("/start"));

follow({
  onState,
  onLost(error) {
    if (!(error instanceof ApiError)) console.error(error);
    connected = false;
    header.setDisconnected();
    problem(t("lost"));
  },
});
