// The browser client of the relay. A page imports this file and no other; README.md shows how.

import { looking, waits } from './attention.js';
import { newId } from './ids.js';
import { can, leaderLink, ownLink, sharedLink } from './links.js';
import { Page } from './page.js';
import { open } from './sealed.js';

/** @typedef {import('./session.js').Position} Position */

/**
 * @typedef {object} Message
 * @property {string} id
 * @property {string} conversation
 * @property {number} seq rises within its conversation
 * @property {string} kind `direct`, `mention` or `group`
 * @property {string} [title]
 * @property {{ id: string, name?: string }} sender
 * @property {string} [sentAt]
 * @property {string} [url]
 * @property {string | null} text null where it was sealed and cannot be read
 * @property {import('./sealed.js').Unreadable} [unreadable] why not
 * @property {number} publishedAt when the relay got it, in milliseconds since 1970
 */

/**
 * @typedef {object} Options
 * @property {string} url the relay's address, such as `https://relay.acme.example/`
 * @property {string} user who is signed in, by the site's own id: the tabs of one person share one connection
 * @property {() => Promise<string>} token gets a connect token from the site; asked for whenever one is needed
 * @property {import('./sealed.js').Keys} [keys] opens sealed messages: a key in base64url, or several by `kid`
 * @property {(message: Message) => unknown} [onMessage] each once, in order; waited for before the next is handed out
 * @property {(gap: { reason: 'start' | 'gap' }) => unknown} [onGap] load what is shown from the site: at the start, and whenever it cannot be proven that nothing was missed.
 *   Waited for before the next message is handed out; one that the site has told already may come again, under the same id
 * @property {(presence: { who: string, state: 'active' | 'online' | 'idle' | 'offline', at: number }) => unknown} [onPresence]
 * @property {(typing: { conversation: string, who: string, typing: boolean }) => unknown} [onTyping]
 * @property {(status: { status: 'delivered' | 'seen', conversation: string, seq: number, by: string, id?: string, at?: number }) => unknown} [onStatus]
 *   what became of messages; with `by` the person's own, what they have seen themselves, here or elsewhere
 * @property {(state: State) => unknown} [onState]
 */

/**
 * @typedef {object} State
 * @property {'connecting' | 'live' | 'waiting' | 'stopped'} state
 * @property {'websocket' | 'polling'} [transport]
 * @property {'shared' | 'leader' | 'own'} via whose connection it is: the SharedWorker's, an elected tab's, this tab's own
 * @property {number} [code] why it stopped: the close code
 */

/**
 * @typedef {object} Client
 * @property {(conversation: string | null, seq?: number) => void} show tells what is on the screen: the conversation, and the newest message of it. It counts as seen after
 *   a second in a visible, focused tab. Messages that arrive in it raise `seq` by themselves
 * @property {(conversation: string) => void} typing to be called at every keystroke; told at most every 3 s
 * @property {(jwe: string) => Promise<string>} open opens a sealed text that came another way, such as with the history
 * @property {Promise<string>} device this browser's id at the relay (for `device` of enablePush)
 * @property {() => void} close says goodbye: the person has signed out
 */

const typingEvery = 3_000;
const typingHolds = 5_000;
/** A page whose relay does not answer loads what its site has after this long. */
const startPatience = 1_500;

/**
 * @param {Options} options
 * @returns {Client}
 */
export function connect(options) {
  for (const name of /** @type {const} */ (['url', 'user', 'token']))
    if (!options[name]) throw new TypeError(`connect: ${name} is missing`);
  const tab = new Tab(options);
  return {
    show: (conversation, seq) => tab.show(conversation, seq),
    typing: (conversation) => tab.typing(conversation),
    open: (jwe) => open(jwe, options.keys),
    device: tab.device,
    close: () => tab.end(),
  };
}

class Tab {
  #options;
  #place;
  #page;
  /** @type {import('./links.js').Link} */
  #link = /** @type {any} */ (null);
  /** @type {Position | null} up to where this tab has everything */
  #position = null;
  #started = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #starting;
  /** Handlers run one after another. */
  #order = Promise.resolve();
  /** @type {{ conv: string | null, seq: number }} */
  #shown = { conv: null, seq: 0 };
  /** @type {Map<string, number>} */
  #seen = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #seeing;
  #typedAt = -Infinity;
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  #typists = new Map();
  #hidden = false;
  #lock = '';
  #unlock = () => {};
  /** @type {(device: string) => void} */
  #known = () => {};
  /** @type {Promise<string>} */
  device = new Promise((resolve) => { this.#known = resolve; });

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
    this.#place = { url: new URL(options.url, location.href).href, user: options.user, tab: newId() };
    this.#page = new Page({
      attention: () => this.#attend(),
      shown: (long) => {
        this.#link.check();
        this.#link.post({ t: long ? 'wake' : 'nudge' });
      },
      online: () => this.#link.post({ t: 'nudge' }),
      hide: (closing) => this.#leave(closing),
      show: () => void this.#enter(),
    });
    void this.#enter();
  }

  /** @param {string | null} conv @param {number} [seq] */
  show(conv, seq) {
    const same = this.#shown.conv === conv;
    this.#shown = { conv, seq: Math.max(same ? this.#shown.seq : 0, seq ?? 0) };
    if (!same) this.#stopSeeing();
    this.#attend();
  }

  /** @param {string} conv */
  typing(conv) {
    if (performance.now() - this.#typedAt < typingEvery) return;
    this.#typedAt = performance.now();
    this.#link.post({ t: 'typing', conv });
  }

  end() {
    this.#leave(true);
    this.#page.end();
    for (const timer of this.#typists.values()) clearTimeout(timer);
  }

  async #enter() {
    this.#hidden = false;
    this.#lock = '';
    if (navigator.locks) {
      // Held for as long as this tab lives (or until it is put away): the hub waits for it, and so hears of its death.
      const lock = `notifier tab ${newId()}`;
      await new Promise((resolve) => void navigator.locks.request(lock, () => {
        resolve(undefined);
        return new Promise((release) => { this.#unlock = () => release(undefined); });
      }));
      this.#lock = lock;
    }
    if (!this.#hidden) this.#connect([...(can.shared() ? [sharedLink] : []), ...(can.leader() ? [leaderLink] : []), ownLink]);
  }

  /** @param {(typeof sharedLink)[]} ways */
  #connect([way, ...others]) {
    this.#link = way(this.#place, {
      up: () => {
        // What the last hub was told may have died with it.
        this.#seen.clear();
        this.#link.post({ t: 'join', attention: this.#attention, position: this.#position, keys: this.#options.keys, lock: this.#lock });
        this.#attend();
      },
      message: (message) => this.#hear(message),
      failed: () => this.#connect(others),
    });
  }

  /** @param {boolean} closing */
  #leave(closing) {
    this.#hidden = true;
    this.#stopSeeing();
    this.#link?.post({ t: 'leave', closing });
    this.#link?.close(closing);
    this.#unlock();
  }

  get #attention() {
    return { ...this.#page.attention, conv: this.#shown.conv };
  }

  #attend() {
    this.#link?.post({ t: 'attention', attention: this.#attention });
    if (!looking(this.#attention)) return this.#stopSeeing();
    const { conv, seq } = this.#shown;
    if (this.#seeing !== undefined || conv === null || seq <= (this.#seen.get(conv) ?? 0)) return;
    this.#seeing = setTimeout(() => {
      this.#seeing = undefined;
      this.#seen.set(conv, seq);
      this.#link.post({ t: 'seen', conv, seq });
      this.#attend(); // what has come meanwhile has a second of its own
    }, waits.seen);
  }

  #stopSeeing() {
    clearTimeout(this.#seeing);
    this.#seeing = undefined;
  }

  /** @param {any} message */
  #hear(message) {
    const at = this.#position;
    switch (message.t) {
      case 'joined':
        this.#position = at ?? message.position;
        this.#known(message.device);
        if (!this.#started && message.greeted) this.#start();
        else if (!this.#started) this.#starting = setTimeout(() => this.#start(), startPatience);
        return;
      case 'greeted':
        return this.#start();
      case 'message':
        if (at && at.ep === message.position.ep && message.position.o <= at.o) return;
        this.#position = message.position;
        return this.#receive(message.message);
      case 'move':
        this.#position = message.position;
        return;
      case 'reset': {
        const missed = message.gap || at === null || at.ep !== message.position.ep || at.o < message.position.o;
        this.#position = message.position;
        if (missed && this.#started) this.#load('gap');
        return;
      }
      case 'state':
        return void this.#call('onState', { ...message, t: undefined, via: this.#link.kind });
      case 'token?':
        return void this.#token(message.n);
      case 'tell':
        return this.#news(message.frame);
    }
  }

  #start() {
    clearTimeout(this.#starting);
    if (this.#started) return;
    this.#started = true;
    this.#load('start');
  }

  /** What the site then tells, this browser has: up to where the relay's log stood before the page asked. @param {'start' | 'gap'} reason */
  #load(reason) {
    const position = this.#position;
    this.#tell('onGap', { reason }, () => {
      if (position) this.#link.post({ t: 'loaded', position });
    });
  }

  /** @param {Message} message */
  #receive(message) {
    this.#typist(message.conversation, message.sender?.id, false);
    this.#tell('onMessage', message);
    this.#order = this.#order.then(() => {
      if (message.conversation === this.#shown.conv) this.show(message.conversation, message.seq);
    });
  }

  /** @param {number} n */
  async #token(n) {
    const link = this.#link;
    let token = null;
    try {
      token = await this.#options.token();
    } catch (e) {
      console.warn('The site gave no connect token:', e);
    }
    link.post({ t: 'token', n, token });
  }

  /** @param {any} frame */
  #news(frame) {
    switch (frame.t) {
      case 'dlv':
        return this.#tell('onStatus', { status: 'delivered', conversation: frame.conv, id: frame.id, seq: frame.seq, by: frame.by });
      case 'seen':
        return this.#tell('onStatus', { status: 'seen', conversation: frame.conv, seq: frame.seq, by: frame.by, at: frame.at });
      case 'pres':
        return this.#tell('onPresence', { who: frame.who, state: frame.st, at: frame.at });
      case 'typing':
        return this.#typist(frame.conv, frame.who, true);
    }
  }

  /** @param {string} conversation @param {string} who @param {boolean} typing */
  #typist(conversation, who, typing) {
    const key = `${conversation} ${who}`;
    const known = this.#typists.has(key);
    clearTimeout(this.#typists.get(key));
    this.#typists.delete(key);
    if (typing) this.#typists.set(key, setTimeout(() => this.#typist(conversation, who, false), typingHolds));
    if (known !== typing) void this.#call('onTyping', { conversation, who, typing });
  }

  /** In order: after what is before it. @param {string} name @param {any} what @param {() => void} [done] */
  #tell(name, what, done) {
    this.#order = this.#order.then(async () => {
      if (await this.#call(name, what)) done?.();
    });
  }

  /** @param {string} name @param {any} what @returns {Promise<boolean>} whether the page could do it */
  async #call(name, what) {
    const handler = /** @type {any} */ (this.#options)[name];
    if (!handler) return false;
    try {
      await handler(what);
      return true;
    } catch (e) {
      reportError(e); // a fault of the page, and no reason to keep the next message from it
      return false;
    }
  }
}
