/** Follows the end of the chat while the reader is there. */

import { byId } from "../dom.js";

/** So near to the end, in CSS pixels, the reader counts as being there. */
const NEAR = 64;

export class Follower {
  #scroller = byId("scroller");
  #button = byId("to-bottom");
  #following = true;
  /** The edges of what the reader saw when we last looked. */
  #top = 0;
  #bottom = 0;

  constructor() {
    this.#scroller.addEventListener("scroll", () => this.#look(), { passive: true });
    this.#button.addEventListener("click", () => this.toEnd());
    // Whatever changes the height (a message, a picture, the composer, a phone's keyboard), the end stays in view.
    const observer = new ResizeObserver(() => {
      this.#look();
      if (this.#following) this.toEnd();
    });
    observer.observe(this.#scroller);
    observer.observe(byId("messages"));
  }

  toEnd() {
    this.#following = true;
    // An empty chat shows its greeting instead, which is read from the top.
    if (byId("messages").childElementCount > 0) this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#note();
  }

  /** Remembers what the reader sees: at once after our own jump, since they may move up before it is reported. */
  #note() {
    this.#top = this.#scroller.scrollTop;
    this.#bottom = this.#top + this.#scroller.clientHeight;
    this.#button.hidden = this.#following;
  }

  #look() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    const bottom = scrollTop + clientHeight;
    // Only moving up is leaving. When messages come fast, the end moves on before our own jump to it is reported;
    // a phone's keyboard moves the bottom edge alone, a composer that gets smaller the top edge alone.
    if (atEnd) this.#following = true;
    else if (scrollTop < this.#top && bottom < this.#bottom) this.#following = false;
    this.#note();
  }
}
