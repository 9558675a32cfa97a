// What is there once for all tabs of a person: the connection, the opening of sealed texts, the seen marks, and what the tabs say together.
// It runs in the SharedWorker, in the elected tab, or in the only tab, and does not know which.

import { tellAt, whereabouts } from './attention.js';
import { newId } from './ids.js';
import { Outbox } from './outbox.js';
import { openPolling } from './polling.js';
import { Replay } from './replay.js';
import { open } from './sealed.js';
import { newSession, step } from './session.js';
import { openSocket } from './socket.js';
import { openStore } from './storage.js';

/** @typedef {import('./session.js').Position} Position */
/** @typedef {import('./session.js').Happening} Happening */
/** @typedef {import('./attention.js').Attention} Attention */

/**
 * @typedef {object} Tab
 * @property {(message: any) => void} post
 * @property {Attention} attention
 * @property {AbortController} watch ends the waiting for its death
 * @property {boolean} joined what is handed out before it has joined, it is told when it does
 */

/** A message that comes twice, as after a move to another node, is told by its id: one of so many that were opened last. */
const newest = 256;
/** For so long after a message could not be opened, a hello says so again. The relay takes no resume for an acknowledgement of what is half as old. */
const unreadFor = 60_000;
const tokenPatience = 4_000;
const presentPatience = 2_000;
/** Seen marks that are said at once after a welcome, and the pause until as many follow: half of the 20 frames a second that the relay takes. */
const flushed = 20;
const flushPause = 2_000;

export class Hub {
  #url;
  #user;
  #mirror;
  #key;
  #transports;
  #session = newSession({ dev: '' });
  /** @type {import('./socket.js').Connection | null} */
  #connection = null;
  /** @type {import('./storage.js').Store} */
  #store = /** @type {any} */ (null);
  /** @type {Outbox} */
  #outbox = /** @type {any} */ (null);
  /** @type {Map<string, Tab>} */
  #tabs = new Map();
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  #timers = new Map();
  /** @type {import('./sealed.js').Keys | undefined} */
  #keys;
  /** In this order things reach the tabs. */
  #order = Promise.resolve();
  #replay = new Replay(null);
  /** The ids opened last, and whether they could be read. @type {Map<string, boolean>} */
  #opened = new Map();
  /** What could not be opened lately, and when that was. @type {Map<string, number>} */
  #unread = new Map();
  /** What is to be kept of them and of the position, while the last is being kept. @type {Promise<void> | null} */
  #keeping = null;
  /** @type {Position | null} */
  #unkept = null;
  /** @type {any} */
  #state = { t: 'state', state: 'connecting' };
  /** @type {Map<string, any>} */
  #others = new Map();
  /** Of whom nothing was said on this connection yet. */
  #unsaid = new Set();
  /** @type {import('./session.js').Presence} */
  #is = { st: 'idle', conv: null, tabs: 0, idle: 0 };
  #since = 0;
  #told = this.#is;
  #toldAt = 0;
  /** @type {{ n: number, of: string | null, left: string[] }} */
  #asking = { n: 0, of: null, left: [] };
  #started = false;
  /** The relay has said where its log stands. */
  #greeted = false;
  #ended = false;

  /**
   * @param {object} options
   * @param {string} options.url the relay's address
   * @param {string} options.user whose tabs these are
   * @param {boolean} options.mirror whether the position outlives this hub (where there is one hub, and not one per tab)
   * @param {boolean} [options.websocket] false where only polling will do
   */
  constructor({ url, user, mirror, websocket = true }) {
    this.#url = url;
    this.#user = user;
    this.#key = JSON.stringify([url, user]);
    this.#mirror = mirror;
    this.#transports = { websocket: websocket && typeof WebSocket === 'function' };
  }

  /** Reads what is kept; to be awaited before the first tab joins. */
  async load() {
    this.#store = await openStore('notifier');
    let dev = await this.#store.get('dev');
    if (typeof dev !== 'string') await this.#store.put('dev', dev = newId());
    this.#session = newSession({ dev, ...this.#transports });
    this.#outbox = new Outbox(this.#store, `mark ${this.#key} `);
    await this.#outbox.load();
  }

  /** @param {string} id @param {(message: any) => void} post @param {any} message */
  hear(id, post, message) {
    if (this.#ended) return;
    if (message.t === 'join') return this.#join(id, post, message);
    const tab = this.#tabs.get(id);
    if (!tab) return;
    switch (message.t) {
      case 'attention':
        tab.attention = message.attention;
        return this.#attend();
      case 'token':
        return this.#answered(message.n, message.token);
      case 'seen': {
        const mark = this.#outbox.add(message.conv, message.seq);
        if (!mark) return;
        this.#happen({ type: 'say', frame: { t: 'seen', ...mark } });
        // The relay tells the person's other browsers; the other tabs of this one hear it here.
        return this.#post({ t: 'tell', frame: { t: 'seen', conv: mark.conv, seq: mark.seq, by: this.#user, at: Date.now() } });
      }
      case 'typing':
        return this.#happen({ type: 'say', frame: { t: 'typing', conv: message.conv } });
      case 'loaded':
        return this.#happen({ type: 'loaded', position: message.position });
      case 'ping':
        return tab.post({ t: 'pong' });
      case 'nudge': case 'wake':
        return this.#happen({ type: message.t });
      case 'leave':
        return this.#leave(id, message.closing);
    }
  }

  get size() {
    return this.#tabs.size;
  }

  /** Ends it: with a goodbye where the person is going, without one where another hub takes over. @param {boolean} goodbye */
  end(goodbye) {
    if (goodbye) this.#happen({ type: 'stop' });
    this.#ended = true;
    this.#connection?.close();
    this.#connection = null;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const tab of this.#tabs.values()) tab.watch.abort();
    this.#tabs.clear();
  }

  /** @param {string} id @param {(message: any) => void} post @param {any} message */
  #join(id, post, { attention, position, keys, lock }) {
    if (keys !== undefined) this.#keys = keys;
    this.#tabs.get(id)?.watch.abort();
    const watch = new AbortController();
    const tab = { post, attention, watch, joined: false };
    this.#tabs.set(id, tab);
    // A tab holds a lock with a name of its own for as long as it lives: who gets it knows that the tab is gone. A port says nothing when it dies.
    if (lock) navigator.locks.request(lock, { signal: watch.signal }, () => this.#leave(id, false)).catch(() => {});

    // After what is on its way to the others.
    this.#order = this.#order.then(async () => {
      if (!this.#started) await this.#start(position);
      // It said goodbye for the last tab, or was sent away for good, and here is another page.
      else if (this.#session.phase === 'stopped' && (this.#state.code === undefined || position === null)) this.#begin();
      if (watch.signal.aborted) return;
      tab.joined = true;
      post({ t: 'joined', position: position ?? this.#replay.handed, greeted: this.#greeted, device: this.#session.dev });
      post(this.#state);
      for (const frame of this.#others.values()) post({ t: 'tell', frame });
      if (position) this.#catchUp(post, position);
      this.#attend();
    });
  }

  /** @param {Position | null} position where the first tab stands */
  async #start(position) {
    // A page that is loaded anew has no position; what it missed while it loaded is acknowledged all the same, and not told by push.
    const kept = this.#mirror ? await this.#store.get(`position ${this.#key}`) : null;
    this.#opened = new Map(kept?.opened ?? []);
    this.#unread = new Map(kept?.unread ?? []);
    this.#replay = new Replay(position ?? kept?.position ?? null);
    this.#started = true;
    this.#attend();
    this.#begin();
  }

  #begin() {
    if (this.#session.phase === 'stopped') this.#session = newSession({ dev: this.#session.dev, ...this.#transports });
    this.#happen({ type: 'start', position: this.#replay.handed, presence: this.#is });
  }

  /** @param {(message: any) => void} post @param {Position} position */
  #catchUp(post, position) {
    const missed = this.#replay.after(position);
    if (missed === null) post({ t: 'reset', position: this.#replay.handed, gap: true });
    else for (const message of missed) post(message);
  }

  /** @param {string} id @param {boolean} closing whether the person closed it, as far as the tab knows */
  #leave(id, closing) {
    const tab = this.#tabs.get(id);
    if (!tab) return;
    tab.watch.abort();
    this.#tabs.delete(id);
    if (this.#tabs.size === 0 && closing) this.#happen({ type: 'stop' });
    else this.#attend();
    if (this.#asking.of === id) this.#askNext();
  }

  /** @param {Happening} happening */
  #happen(happening) {
    if (this.#ended) return;
    const [session, deeds] = step(this.#session, happening);
    this.#session = session;
    for (const deed of deeds) this.#carryOut(deed);
  }

  /** @param {import('./session.js').Deed} deed */
  #carryOut(deed) {
    switch (deed.do) {
      case 'token': return this.#ask();
      case 'open': return this.#open(deed.transport, deed.token);
      case 'send': return this.#connection?.send(deed.frame);
      case 'close':
        this.#connection?.close();
        this.#connection = null;
        return;
      case 'after': return this.#after(deed.name, deed.ms, () => this.#happen({ type: 'timer', name: deed.name }));
      case 'cancel': return clearTimeout(this.#timers.get(deed.name));
      case 'deliver': return this.#deliver(deed.ep, deed.frame);
      case 'reset': return this.#reset(deed.position, deed.gap);
      case 'greeted':
        this.#present();
        this.#order = this.#order.then(() => {
          this.#greeted = true;
          this.#post({ t: 'greeted' });
        });
        return;
      case 'move': return this.#move(deed.position);
      case 'keep':
        if (this.#mirror) this.#keep(deed.position);
        return;
      case 'flush':
        return this.#flush(this.#outbox.pending);
      case 'settled': return this.#outbox.settle(deed.cid);
      case 'tell':
        return this.#tell(deed.frame);
      case 'state':
        this.#state = { t: 'state', state: deed.state, transport: this.#session.transport, ...(deed.code && { code: deed.code }) };
        return this.#post(this.#state);
    }
  }

  /** A few at a time: the relay closes a connection that says too much at once, and then nothing would ever reach it. @param {import('./outbox.js').Mark[]} marks */
  #flush(marks) {
    const pending = this.#outbox.pending;
    // What was settled meanwhile, or overtaken by a later mark, was said.
    const left = marks.filter((mark) => pending.includes(mark));
    for (const mark of left.splice(0, flushed)) this.#happen({ type: 'say', frame: { t: 'seen', ...mark } });
    if (left.length > 0) this.#after('flush', flushPause, () => this.#flush(left));
    else clearTimeout(this.#timers.get('flush'));
  }

  /** @param {'websocket' | 'polling'} transport @param {string} token */
  #open(transport, token) {
    /** @type {import('./socket.js').Connection} */
    let connection;
    /** @param {Happening} happening */
    const hear = (happening) => {
      if (this.#connection === connection) this.#happen(happening);
    };
    const hears = {
      open: () => hear({ type: 'open', unread: this.#unreadLately() }),
      frame: (/** @type {any} */ frame) => hear({ type: 'frame', frame }),
      closed: (/** @type {number} */ code) => hear({ type: 'closed', code }),
    };
    connection = transport === 'websocket' ? openSocket(this.#url, hears) : openPolling(this.#url, token, hears);
    this.#connection = connection;
  }

  /** @param {string} ep @param {any} frame */
  #deliver(ep, frame) {
    this.#order = this.#order.then(async () => {
      const position = { ep, o: frame.o, x: frame.x };
      const again = this.#opened.get(frame.id);
      if (again === false) this.#passOver(frame.id);
      if (again !== undefined) {
        this.#hand(position, { t: 'move', position });
        return this.#happen({ type: 'opened', ...position, readable: again });
      }
      const { sealed, ...rest } = frame.d;
      /** @type {any} */
      const message = { id: frame.id, ...rest, publishedAt: frame.ts };
      if (sealed !== undefined) {
        try {
          message.text = await open(sealed, this.#keys);
        } catch (e) {
          message.text = null;
          message.unreadable = /** @type {any} */ (e).reason ?? 'not_a_jwe';
        }
      }
      this.#hand(position, { t: 'message', position, message });
      const readable = message.unreadable === undefined;
      if (!readable) this.#passOver(frame.id);
      this.#opened.set(frame.id, readable);
      if (this.#opened.size > newest) this.#opened.delete(/** @type {string} */ (this.#opened.keys().next().value));
      this.#happen({ type: 'opened', ...position, readable });
    });
  }

  /** @param {string} id */
  #passOver(id) {
    this.#unread.delete(id); // the newest are the last
    this.#unread.set(id, Date.now());
    this.#unreadLately();
  }

  #unreadLately() {
    const since = Date.now() - unreadFor;
    for (const [id, at] of this.#unread) if (at < since) this.#unread.delete(id);
    return [...this.#unread.keys()];
  }

  /** To the tabs, and kept for those that are away for a moment. @param {Position} position @param {any} message */
  #hand(position, message) {
    this.#replay.hand(position, message);
    this.#post(message);
  }

  /** Nothing was missed on the way there. @param {Position} position */
  #move(position) {
    this.#order = this.#order.then(() => this.#hand(position, { t: 'move', position }));
  }

  /** One at a time: of what comes meanwhile, the newest. @param {Position} position */
  #keep(position) {
    this.#unkept = position;
    this.#keeping ??= (async () => {
      while (this.#unkept) {
        const kept = { position: this.#unkept, opened: [...this.#opened], unread: [...this.#unread] };
        this.#unkept = null;
        await this.#store.put(`position ${this.#key}`, kept);
      }
      this.#keeping = null;
    })();
  }

  /** @param {Position} position @param {boolean} gap */
  #reset(position, gap) {
    this.#order = this.#order.then(() => {
      this.#replay = new Replay(position);
      this.#post({ t: 'reset', position, gap });
    });
  }

  /** @param {any} frame */
  #tell(frame) {
    if (frame.t === 'pres') {
      this.#others.set(frame.who, frame);
      this.#unsaid.delete(frame.who);
    }
    this.#post({ t: 'tell', frame });
  }

  /** The relay begins by saying who is there. Who was there before, and is not among them, has gone meanwhile. */
  #present() {
    this.#unsaid = new Set([...this.#others.values()].filter((p) => p.st !== 'offline').map((p) => p.who));
    this.#after('present', presentPatience, () => {
      for (const who of this.#unsaid) this.#tell({ t: 'pres', who, st: 'offline', at: Date.now() });
    });
  }

  /** @param {any} message */
  #post(message) {
    for (const tab of this.#tabs.values()) if (tab.joined) tab.post(message);
  }

  /** Works out where the person is, and tells the relay when that is due. */
  #attend() {
    if (!this.#started) return;
    const now = Date.now();
    const { until, ...is } = whereabouts([...this.#tabs.values()].map((t) => t.attention), now);
    if (is.st !== this.#is.st || is.conv !== this.#is.conv || is.tabs !== this.#is.tabs) this.#since = now;
    this.#is = is;
    const at = tellAt(this.#told, is, this.#toldAt, this.#since);
    if (at <= now) {
      this.#told = is;
      this.#toldAt = now;
      this.#happen({ type: 'presence', presence: is });
    }
    const next = Math.min(until, at > now ? at : Infinity);
    if (next < Infinity) this.#after('attention', next - now + 1, () => this.#attend());
    else clearTimeout(this.#timers.get('attention'));
  }

  /** A token comes from the site, by way of a tab: one that is looked at first, since browsers let hidden ones sleep. */
  #ask() {
    const byAttention = [...this.#tabs].sort(([, a], [, b]) => Number(b.attention.visible) - Number(a.attention.visible));
    this.#asking = { n: this.#asking.n + 1, of: null, left: byAttention.map(([id]) => id) };
    this.#askNext();
  }

  /** @returns {void} */
  #askNext() {
    const id = this.#asking.left.shift();
    this.#asking.of = id ?? null;
    if (id === undefined) {
      clearTimeout(this.#timers.get('asking'));
      return this.#happen({ type: 'tokenFailed' });
    }
    const tab = this.#tabs.get(id);
    if (!tab) return this.#askNext();
    tab.post({ t: 'token?', n: this.#asking.n });
    this.#after('asking', tokenPatience, () => this.#askNext());
  }

  /** @param {number} n @param {string | null} token */
  #answered(n, token) {
    if (n !== this.#asking.n) return;
    if (token === null) return this.#askNext();
    clearTimeout(this.#timers.get('asking'));
    this.#asking = { n: n + 1, of: null, left: [] };
    this.#happen({ type: 'token', token });
  }

  /** @param {string} name @param {number} ms @param {() => void} act */
  #after(name, ms, act) {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(act, Math.min(ms, 2 ** 31 - 1)));
  }
}
