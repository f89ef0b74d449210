/** Composition root: wires the server's events to the parts of the page. */

import { ApiError, pay, press } from "./server/api.js";
import { Composer } from "./composer/composer.js";
import { Connection } from "./server/connection.js";
import { Conversation } from "./messages/conversation.js";
import { byId } from "./dom.js";
import { Header } from "./header.js";
import { MessageList } from "./messages/messages.js";
import { alertDialog, problem, toast } from "./notices.js";
import { Follower } from "./messages/scroll.js";
import { setLanguage, t } from "./strings.js";
import { Viewer } from "./messages/viewer.js";

setLanguage(navigator.language.split("-")[0]);

const conversation = new Conversation();
const header = new Header();
const viewer = new Viewer();
const follower = new Follower();
const composer = new Composer({ onSent: () => follower.toEnd() });
const list = new MessageList({
  find: conversation.get,
  onOpen: (message) => viewer.open(message, nameOf(message)),
  onPress: (message, button) => attempt(() => press(message.id, button.data)),
  onPay: (message) => attempt(() => pay(message.id)),
  onCommand: (text) => composer.sendText(text),
});

let bot = { name: "Bot", username: "bot", online: false };
let group = null;
let connected = false;

const nameOf = (message) => ({ user: t("you"), bot: bot.name })[message.from] ?? message.name;

function render({ animate }) {
  list.sync(conversation.entries(), { nameOf, inGroup: group !== null, animate });
  byId("empty").hidden = !conversation.empty;
  byId("log").hidden = conversation.empty;
  composer.setChatEmpty(conversation.empty);
  document.title = group ?? bot.name;
}

/** Runs a request; its failure is told above the composer. Returns whether it went well. */
async function attempt(request) {
  try {
    await request();
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    problem(error.message);
    return false;
  }
}

function onState(state) {
  bot = { ...state.bot, name: state.bot.name || state.bot.username };
  group = state.group;
  conversation.replace(state.messages);
  if (!connected) problem("");
  connected = true;
  header.setBot({ ...bot, name: group ?? bot.name });
  list.settle();
  render({ animate: false });
  byId("log").setAttribute("aria-busy", "false");
}

const handlers = {
  message(message) {
    const known = conversation.has(message.id);
    conversation.put(message);
    if (!known && message.from === "bot") header.setAction(null);
    render({ animate: true });
    if (message.from === "user") follower.toEnd();
  },
  edit(message) {
    const before = conversation.get(message.id);
    conversation.put(message);
    if (message.photo && !before?.photo) header.setAction(null);
    render({ animate: true });
  },
  delete({ id }) {
    conversation.remove(id);
    render({ animate: true });
  },
  action: ({ action }) => header.setAction(action),
  answer({ text, alert }) {
    list.settle();
    if (text) (alert ? alertDialog : toast)(text);
  },
  bot({ online }) {
    header.setOnline(online);
  },
};

byId("start").addEventListener("click", () => composer.sendText("/start"));

new Connection({
  onState,
  onEvent: (name, data) => handlers[name](data),
  onLost() {
    connected = false;
    header.setDisconnected();
    problem(t("lost"));
  },
}).open();
