/** Keeps the page in step with the server: asks for the chat's state whenever it has changed. */

import { fetchState } from "./api.js";

const LONGEST_PAUSE_MS = 8000;

/** Calls `onState` with each new state, and `onLost` where there's none to be had; for ever. */
export async function follow({ onState, onLost }) {
  let version = -1;
  let failures = 0;
  for (;;) {
    try {
      const state = await fetchState(version);
      onState(state, { first: version < 0 });
      version = state.version;
      failures = 0;
    } catch (error) {
      onLost(error);
      version = -1;
      await new Promise((resolve) => setTimeout(resolve, Math.min(500 * 2 ** failures, LONGEST_PAUSE_MS)));
      failures += 1;
    }
  }
}
