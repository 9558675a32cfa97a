// One connection to the relay, as a pure rule: what happened comes in, what to do comes out. It has no socket, no timer and no clock, so that every path
// can be tested without one. hub.js carries out what it says.

/**
 * What happens to a session.
 * @typedef {{ type: 'start', position: Position | null, presence: Presence }
 *   | { type: 'token', token: string } | { type: 'tokenFailed' }
 *   | { type: 'open', unread?: string[] }
 *   | { type: 'frame', frame: any }
 *   | { type: 'opened', ep: string, o: number, x: number, readable: boolean }
 *   | { type: 'loaded', position: Position }
 *   | { type: 'closed', code: number }
 *   | { type: 'timer', name: string }
 *   | { type: 'presence', presence: Presence }
 *   | { type: 'say', frame: any }
 *   | { type: 'nudge' } | { type: 'wake' } | { type: 'stop' }} Happening
 */

/**
 * What is to be done.
 * @typedef {{ do: 'token' }
 *   | { do: 'open', transport: 'websocket' | 'polling', token: string }
 *   | { do: 'send', frame: any }
 *   | { do: 'close' }
 *   | { do: 'after', name: string, ms: number } | { do: 'cancel', name: string }
 *   | { do: 'deliver', ep: string, frame: any } | { do: 'reset', position: Position, gap: boolean } | { do: 'move', position: Position } | { do: 'greeted' }
 *   | { do: 'keep', position: Position }
 *   | { do: 'flush' } | { do: 'settled', cid: string }
 *   | { do: 'tell', frame: any }
 *   | { do: 'state', state: 'connecting' | 'live' | 'waiting' | 'stopped', code?: number }} Deed
 */

/**
 * A place in the relay's log: the offset `o` of the node `ep`, and `x`, up to where the relay has accepted everything before it, which any node understands.
 * @typedef {{ ep: string, o: number, x: number }} Position
 */
/** @typedef {{ st: 'active' | 'online' | 'idle', conv: string | null, tabs: number, idle: number }} Presence */

/**
 * @typedef {object} Session
 * @property {'idle' | 'token' | 'opening' | 'greeting' | 'live' | 'waiting' | 'stopped'} phase
 * @property {boolean} websocket whether there is such a thing here
 * @property {'websocket' | 'polling'} transport
 * @property {string} dev
 * @property {string} token
 * @property {Presence} presence
 * @property {Presence | null} told what the relay knows of it on this connection
 * @property {Position | null} position everything up to here was opened and handed out
 * @property {number} received the newest offset that was taken in; between the two lies what is being opened
 * @property {number} ack the offset to acknowledge next, 0 for none
 * @property {number[]} unsaid what could not be opened while no connection was there to say so
 * @property {boolean} gathering an acknowledgement went out less than 100 ms ago
 * @property {number} fails connections in a row that did not last
 * @property {number} unopened connections in a row that were never welcomed
 * @property {number | null} retry what a bye said
 */

export const limits = Object.freeze({
  ack: 100,
  greeting: 10_000,
  watchdog: 35_000,
  probe: 3_000,
  stable: 5_000,
  backoffFirst: 200,
  backoffMost: 20_000,
  /** The relay takes no larger frame. */
  frame: 4_096,
  /** A token is replaced this long before it ends. */
  refresh: 60_000,
  /** Who has to poll tries a WebSocket again after this long. */
  upgrade: 600_000,
});

/** @param {{ dev: string, websocket?: boolean }} options @returns {Session} */
export function newSession({ dev, websocket = true }) {
  return {
    phase: 'idle', websocket, transport: websocket ? 'websocket' : 'polling', dev, token: '',
    presence: { st: 'idle', conv: null, tabs: 0, idle: 0 }, told: null,
    position: null, received: 0, ack: 0, unsaid: [], gathering: false, fails: 0, unopened: 0, retry: null,
  };
}

/**
 * @param {Session} session
 * @param {Happening} happening
 * @param {() => number} random between 0 and 1
 * @returns {[Session, Deed[]]}
 */
export function step(session, happening, random = Math.random) {
  const s = { ...session };
  switch (happening.type) {
    case 'start':
      if (s.phase !== 'idle') return [s, []];
      s.position = happening.position;
      s.received = happening.position?.o ?? 0;
      s.presence = happening.presence;
      return [s, connect(s)];
    case 'token':
      if (s.phase === 'live') return [s, [{ do: 'send', frame: { t: 'auth', tok: happening.token } }]];
      if (s.phase !== 'token') return [s, []];
      s.token = happening.token;
      s.phase = 'opening';
      return [s, [{ do: 'open', transport: s.transport, token: s.token }, { do: 'after', name: 'greeting', ms: limits.greeting }]];
    case 'tokenFailed':
      // While the connection lives the relay still says when the old token is over (4005).
      return s.phase === 'token' ? [s, wait(s, random)] : [s, []];
    case 'open':
      if (s.phase !== 'opening') return [s, []];
      s.phase = 'greeting';
      s.told = s.presence;
      return [s, [{ do: 'send', frame: hello(s, happening.unread ?? []) }]];
    case 'frame':
      return heard(s, happening.frame);
    case 'opened':
      return opened(s, happening);
    case 'loaded':
      // What the page has read from the site is as good as handed out.
      if (s.position?.ep !== happening.position.ep || happening.position.o > s.position.o) return [s, []];
      s.ack = Math.max(s.ack, happening.position.o);
      return [s, s.gathering ? [] : acknowledge(s)];
    case 'closed':
      return closed(s, happening.code, random);
    case 'timer':
      return timer(s, happening.name, random);
    case 'presence':
      s.presence = happening.presence;
      return [s, presence(s)];
    case 'say':
      return [s, s.phase === 'live' ? [{ do: 'send', frame: happening.frame }] : []];
    case 'nudge':
      if (s.phase !== 'waiting') return [s, []];
      return [s, [{ do: 'cancel', name: 'retry' }, ...connect(s)]];
    case 'wake':
      if (s.phase === 'waiting') return [s, [{ do: 'cancel', name: 'retry' }, ...connect(s)]];
      // The relay answers what it does not know as well: any frame shows that the connection lives.
      if (s.phase === 'live') return [s, [{ do: 'send', frame: { t: 'ping' } }, { do: 'after', name: 'probe', ms: limits.probe }]];
      return [s, []];
    case 'stop': {
      /** @type {Deed[]} */
      const bye = s.phase === 'live' ? [...acknowledge(s), { do: 'send', frame: { t: 'bye' } }] : [];
      return [s, [...bye, ...stop(s)]];
    }
  }
}

/** @param {Session} s @returns {Deed[]} */
function connect(s) {
  s.phase = 'token';
  s.told = null;
  s.retry = null;
  return [{ do: 'state', state: 'connecting' }, { do: 'token' }];
}

/**
 * Coming back acknowledges everything up to the position, but for what is named: what could not be opened may have been said into a connection that was broken already.
 * Of very many, those that came last: the others have their outcome.
 * @param {Session} s @param {string[]} unread the oldest first
 */
function hello(s, unread) {
  const frame = { t: 'hello', v: 1, tok: s.token, dev: s.dev, ...s.presence, resume: s.position };
  if (!s.position || unread.length === 0) return frame;
  const named = unread.slice(-256);
  for (; named.length > 0; named.shift()) {
    const full = { ...frame, resume: { ...s.position, unread: named } };
    if (new TextEncoder().encode(JSON.stringify(full)).length <= limits.frame) return full;
  }
  return frame;
}

/** @param {Session} s @param {any} frame @returns {[Session, Deed[]]} */
function heard(s, frame) {
  if (s.phase === 'greeting' && frame.t === 'welcome') return [s, welcome(s, frame)];
  if (frame.t === 'bye') {
    s.retry = frame.retry === null ? Infinity : frame.retry ?? null;
    return [s, []];
  }
  if (s.phase !== 'live') return [s, []];
  /** @type {Deed[]} */
  const alive = [{ do: 'after', name: 'watchdog', ms: limits.watchdog }, { do: 'cancel', name: 'probe' }];
  switch (frame.t) {
    case 'ev':
      // What was being opened when the connection broke comes again: the relay only knows what was acknowledged.
      if (!s.position || frame.o <= s.received) return [s, alive];
      s.received = frame.o;
      return [s, [...alive, { do: 'deliver', ep: s.position.ep, frame }]];
    case 'ping':
      return [s, [...alive, { do: 'send', frame: { t: 'pong' } }, ...advance(s, frame)]];
    case 'ok':
      return [s, [...alive, { do: 'settled', cid: frame.cid }]];
    case 'dlv': case 'seen': case 'pres': case 'typing':
      return [s, [...alive, { do: 'tell', frame }]];
    default:
      return [s, alive];
  }
}

/** @param {Session} s @param {any} frame @returns {Deed[]} */
function welcome(s, frame) {
  s.phase = 'live';
  s.unopened = 0;
  s.gathering = false;
  // What was opened, or not, since the hello: where this is the same log, nothing of it was said yet.
  const goesOn = frame.rec === 'full' && frame.ep === s.position?.ep;
  const unsaid = goesOn ? s.unsaid : [];
  s.unsaid = [];
  if (!goesOn) s.ack = 0;
  /** @type {Deed[]} */
  const deeds = [
    { do: 'cancel', name: 'greeting' },
    { do: 'after', name: 'watchdog', ms: limits.watchdog },
    { do: 'after', name: 'stable', ms: limits.stable },
    { do: 'after', name: 'refresh', ms: Math.max(frame.exp * 1000 - frame.now - limits.refresh, limits.stable) },
    { do: 'state', state: 'live' },
  ];
  if (s.transport === 'polling') deeds.push({ do: 'after', name: 'upgrade', ms: limits.upgrade });
  if (frame.rec !== 'full' || s.position === null) {
    // Who had no position has missed nothing: the page loads its history when it starts.
    const gap = s.position !== null;
    s.position = { ep: frame.ep, o: frame.o, x: frame.x };
    s.received = frame.o;
    deeds.push({ do: 'keep', position: s.position }, { do: 'reset', position: s.position, gap });
  } else if (frame.ep !== s.position.ep) {
    // Another node, or the same after a restart, which has what was missed; it counts in its own way.
    s.position = { ep: frame.ep, o: frame.o, x: frame.x };
    s.received = frame.o;
    deeds.push({ do: 'keep', position: s.position }, { do: 'move', position: s.position });
  }
  for (const o of unsaid) deeds.push({ do: 'send', frame: { t: 'unread', o } });
  return [...deeds, ...acknowledge(s), { do: 'greeted' }, { do: 'flush' }, ...presence(s)];
}

/** A ping says where the log stands: all that is ours up to there has come. @param {Session} s @param {{ o?: number, x?: number }} mark @returns {Deed[]} */
function advance(s, { o, x }) {
  const at = s.position;
  if (o === undefined || x === undefined || !at || at.o !== s.received || o < at.o || (o === at.o && x <= at.x)) return [];
  s.position = { ep: at.ep, o, x: Math.max(x, at.x) };
  s.received = o;
  return [{ do: 'keep', position: s.position }, { do: 'move', position: s.position }];
}

/** @param {Session} s @param {{ ep: string, o: number, x: number, readable: boolean }} what @returns {[Session, Deed[]]} */
function opened(s, { ep, o, x, readable }) {
  if (s.position?.ep !== ep || o <= s.position.o) return [s, []];
  s.position = { ep, o, x: Math.max(x, s.position.x) };
  /** @type {Deed[]} */
  const deeds = [{ do: 'keep', position: s.position }];
  // What could not be opened is not acknowledged: nobody has read it. It is said before the next acknowledgement, which counts for everything else up to its place.
  if (readable) s.ack = o;
  else if (s.phase === 'live') deeds.push({ do: 'send', frame: { t: 'unread', o } });
  else s.unsaid = [...s.unsaid, o];
  return [s, [...deeds, ...(s.gathering ? [] : acknowledge(s))]];
}

/** At once when none went out for 100 ms, else gathered until then. @param {Session} s @returns {Deed[]} */
function acknowledge(s) {
  if (s.phase !== 'live' || s.ack === 0) return [];
  const o = s.ack;
  s.ack = 0;
  s.gathering = true;
  return [{ do: 'send', frame: { t: 'ack', o } }, { do: 'after', name: 'ack', ms: limits.ack }];
}

/** @param {Session} s @returns {Deed[]} */
function presence(s) {
  if (s.phase !== 'live' || (s.told && samePresence(s.told, s.presence))) return [];
  s.told = s.presence;
  return [{ do: 'send', frame: { t: 'pres', ...s.presence } }];
}

/** The seconds since the last input alone are no news. @param {Presence} a @param {Presence} b */
function samePresence(a, b) {
  return a.st === b.st && a.conv === b.conv && a.tabs === b.tabs;
}

/** @param {Session} s @param {number} code @param {() => number} random @returns {[Session, Deed[]]} */
function closed(s, code, random) {
  if (s.phase === 'stopped' || s.phase === 'waiting' || s.phase === 'idle') return [s, []];
  // Twice without a welcome: something between here and the relay does not let a WebSocket through, or nobody is there. Polling finds out, every other time.
  if ((s.phase === 'opening' || s.phase === 'greeting') && code < 4000 && ++s.unopened >= 2)
    s.transport = s.websocket && s.unopened % 2 === 1 ? 'websocket' : 'polling';
  if (code >= 4500 || s.retry === Infinity) return [s, stop(s, code)];
  // At once, but never round and round: a connection that did not last is not tried again without a pause, whatever a bye said.
  if (s.retry !== null && (s.retry > 0 || s.fails === 0)) return [s, wait(s, random, s.retry)];
  if (code >= 4000 && code < 4100 && s.fails === 0) return [s, wait(s, random, 0)];
  return [s, wait(s, random)];
}

/** @param {Session} s @param {string} name @param {() => number} random @returns {[Session, Deed[]]} */
function timer(s, name, random) {
  switch (name) {
    case 'retry':
      return s.phase === 'waiting' ? [s, connect(s)] : [s, []];
    case 'ack':
      s.gathering = false;
      return [s, acknowledge(s)];
    case 'stable':
      if (s.phase === 'live') s.fails = 0;
      return [s, []];
    case 'refresh':
      return s.phase === 'live' ? [s, [{ do: 'token' }]] : [s, []];
    case 'greeting':
      return s.phase === 'opening' || s.phase === 'greeting' ? abandon(s, random, 1006) : [s, []];
    case 'watchdog': case 'probe':
      return s.phase === 'live' ? abandon(s, random, 4012) : [s, []];
    case 'upgrade':
      if (s.phase !== 'live' || s.transport !== 'polling') return [s, []];
      s.transport = 'websocket';
      return abandon(s, random, 4001);
    default:
      return [s, []];
  }
}

/** A connection that is given up from this side: its own end will not be heard any more. @param {Session} s @param {() => number} random @param {number} code @returns {[Session, Deed[]]} */
function abandon(s, random, code) {
  const [next, deeds] = closed(s, code, random);
  return [next, [{ do: 'close' }, ...deeds]];
}

/** @param {Session} s @param {() => number} random @param {number} [ms] @returns {Deed[]} */
function wait(s, random, ms) {
  const pause = ms ?? random() * Math.min(limits.backoffMost, limits.backoffFirst * 2 ** s.fails);
  s.phase = 'waiting';
  s.fails++;
  return [...ended, { do: 'state', state: 'waiting' }, { do: 'after', name: 'retry', ms: pause }];
}

/** @param {Session} s @param {number} [code] @returns {Deed[]} */
function stop(s, code) {
  s.phase = 'stopped';
  return [{ do: 'close' }, ...ended, { do: 'cancel', name: 'retry' }, { do: 'state', state: 'stopped', code }];
}

/** @type {Deed[]} */
const ended = ['greeting', 'watchdog', 'probe', 'stable', 'refresh', 'ack', 'upgrade'].map((name) => ({ do: 'cancel', name }));
