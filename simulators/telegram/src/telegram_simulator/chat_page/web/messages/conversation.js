/** The messages of the chat, in order, with albums as one entry. */

export class Conversation {
  #messages = new Map();

  replace(messages) {
    this.#messages = new Map(messages.map((message) => [message.id, message]));
  }

  put(message) {
    this.#messages.set(message.id, message);
  }

  remove(id) {
    this.#messages.delete(id);
  }

  has = (id) => this.#messages.has(id);

  get = (id) => this.#messages.get(id);

  get empty() {
    return this.#messages.size === 0;
  }

  /** Entries `{key, messages}` by message id; an album stands where its first picture does. */
  entries() {
    const entries = new Map();
    for (const message of [...this.#messages.values()].sort((a, b) => a.id - b.id)) {
      const key = message.album_id ? `album-${message.album_id}` : `message-${message.id}`;
      const entry = entries.get(key);
      if (entry) entry.messages.push(message);
      else entries.set(key, { key, messages: [message] });
    }
    return [...entries.values()];
  }
}
