// Seen marks on their way to the relay. Each is kept until the relay says that it has it (`ok`), whatever happens to the connection or to this browser.

import { newId } from './ids.js';

/** @typedef {{ cid: string, conv: string, seq: number }} Mark */

export class Outbox {
  #store;
  #prefix;
  /** @type {Map<string, Mark>} by conversation: a later mark says all that an earlier one said. */
  #pending = new Map();
  /** @type {Map<string, number>} by conversation, what the relay has. */
  #settled = new Map();

  /** @param {import('./storage.js').Store} store @param {string} prefix */
  constructor(store, prefix) {
    this.#store = store;
    this.#prefix = prefix;
  }

  /** Takes up what an earlier life left. */
  async load() {
    for (const mark of /** @type {Mark[]} */ (await this.#store.list(this.#prefix)))
      if (mark.seq > (this.#pending.get(mark.conv)?.seq ?? -1)) this.#pending.set(mark.conv, mark);
  }

  /**
   * @param {string} conv @param {number} seq
   * @returns {Mark | null} what is to be sent, or null where that is said already
   */
  add(conv, seq) {
    if (seq <= Math.max(this.#pending.get(conv)?.seq ?? -1, this.#settled.get(conv) ?? -1)) return null;
    const mark = { cid: newId(), conv, seq };
    this.#pending.set(conv, mark);
    void this.#store.put(this.#prefix + conv, mark);
    return mark;
  }

  /** @returns {Mark[]} */
  get pending() {
    return [...this.#pending.values()];
  }

  /** @param {string} cid */
  settle(cid) {
    const mark = this.pending.find((m) => m.cid === cid);
    if (!mark) return; // a later one has taken its place
    this.#pending.delete(mark.conv);
    this.#settled.set(mark.conv, mark.seq);
    void this.#store.remove(this.#prefix + mark.conv);
  }
}
