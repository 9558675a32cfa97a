// What the tabs were handed lately, for those that come back from a moment's absence.

/** @typedef {import('./session.js').Position} Position */

const most = { messages: 500, ms: 120_000 };

export class Replay {
  /** Up to where the tabs have it. @type {Position | null} */
  handed;
  /** Everything after this place is in #recent. @type {Position | null} */
  #floor;
  /** @type {{ at: number, position: Position, message: any }[]} */
  #recent = [];

  /** @param {Position | null} from where the tabs stand */
  constructor(from) {
    this.handed = from;
    this.#floor = from;
  }

  /** @param {Position} position @param {any} message */
  hand(position, message, now = Date.now()) {
    this.#recent.push({ at: now, position, message });
    while (this.#recent.length > most.messages || this.#recent[0].at < now - most.ms) this.#floor = /** @type {any} */ (this.#recent.shift()).position;
    this.handed = position;
  }

  /**
   * What a tab has missed.
   * @param {Position} position where it stands
   * @returns {any[] | null} null: something of it is not here any more
   */
  after(position) {
    if (!this.handed || (position.ep === this.handed.ep && position.o >= this.handed.o)) return [];
    const last = this.#recent.findLastIndex((r) => r.position.ep === position.ep && r.position.o <= position.o);
    if (last < 0 && (position.ep !== this.#floor?.ep || position.o < this.#floor.o)) return null;
    return this.#recent.slice(last + 1).map((r) => r.message);
  }
}
