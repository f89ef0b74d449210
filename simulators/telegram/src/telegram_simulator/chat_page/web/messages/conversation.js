/** The messages of the chat in order, as entries `{key, messages}`; an album stands where its first picture does. */
export function entriesOf(messages) {
  const entries = new Map();
  for (const message of [...messages].sort((a, b) => a.id - b.id)) {
    const key = message.album_id ? `album-${message.album_id}` : `message-${message.id}`;
    const entry = entries.get(key);
    if (entry) entry.messages.push(message);
    else entries.set(key, { key, messages: [message] });
  }
  return [...entries.values()];
}
