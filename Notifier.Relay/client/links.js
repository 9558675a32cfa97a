// Three ways from a tab to the hub that holds the connection. Which one is open to a browser is found out by trying, never by its name.

import { Hub } from './hub.js';
import { newId } from './ids.js';

/**
 * @typedef {object} Link
 * @property {'shared' | 'leader' | 'own'} kind
 * @property {(message: any) => void} post
 * @property {() => void} check asks for a sign of life, and finds another hub where there is none
 * @property {(closing: boolean) => void} close
 */

/**
 * @typedef {object} Hears
 * @property {(gen: string) => void} up there is a hub, and this tab is new to it
 * @property {(message: any) => void} message
 * @property {() => void} failed this way is not open
 */

/** @typedef {{ url: string, user: string, tab: string }} Place */

const startPatience = 5_000;
const pongPatience = 3_000;

export const can = {
  shared: () => typeof SharedWorker === 'function' && !!navigator.locks,
  leader: () => typeof BroadcastChannel === 'function' && !!navigator.locks,
};

/** @param {Place} place @param {Hears} hears @returns {Link} */
export function sharedLink({ url, user, tab }, hears) {
  /** @type {MessagePort | null} */
  let port = null;
  let watch = new AbortController();
  let closed = false;
  let missing = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const start = () => {
    clearTimeout(timer);
    watch.abort();
    watch = new AbortController();
    const { signal } = watch;
    if (port) {
      port.onmessage = null;
      port.close();
    }
    /** @type {SharedWorker} */
    let worker;
    try {
      // A page from one origin with a client from another may not: then a tab is elected.
      worker = new SharedWorker(new URL('./worker.js', import.meta.url), { type: 'module', name: JSON.stringify({ url, user }) });
    } catch {
      queueMicrotask(fail);
      return;
    }
    worker.onerror = () => { if (!signal.aborted) fail(); };
    port = worker.port;
    port.onmessage = ({ data }) => {
      if (data.t === 'gen') {
        clearTimeout(timer);
        missing = 0;
        // It holds this lock for life: who gets it knows that the worker is dead.
        navigator.locks.request(data.lock, { signal }, () => { if (!closed) start(); }).catch(() => {});
        hears.up(data.gen);
      } else if (data.t === 'pong') clearTimeout(timer);
      else hears.message(data);
    };
    timer = setTimeout(lost, startPatience);
  };
  const lost = () => ++missing < 2 ? start() : fail();
  const fail = () => {
    if (closed) return;
    close();
    hears.failed();
  };
  const close = () => {
    closed = true;
    clearTimeout(timer);
    watch.abort();
    port?.close();
  };

  start();
  return {
    kind: 'shared',
    post: (message) => port?.postMessage({ from: tab, message }),
    check: () => {
      clearTimeout(timer);
      timer = setTimeout(lost, pongPatience);
      port?.postMessage({ from: tab, message: { t: 'ping' } });
    },
    close,
  };
}

/** @param {Place} place @param {Hears} hears @returns {Link} */
export function leaderLink({ url, user, tab }, hears) {
  const name = `notifier leader ${url} ${user}`;
  const channel = new BroadcastChannel(name);
  const watch = new AbortController();
  /** @type {Hub | null} the hub, in the tab that is elected */
  let hub = null;
  /** @type {string | null} */
  let gen = null;
  let closed = false;
  let resign = () => {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const lead = async () => {
    const mine = new Hub({ url, user, mirror: true });
    await mine.load();
    if (closed) return;
    const resigned = new Promise((resolve) => { resign = () => resolve(undefined); });
    hub = mine;
    gen = newId();
    channel.postMessage({ to: '*', message: { t: 'gen', gen } });
    hears.up(gen);
    await resigned;
  };
  /** @param {LockOptions} options */
  const elect = (options) => navigator.locks.request(name, options, lead).catch((e) => {
    if (closed || (e.name === 'AbortError' && watch.signal.aborted)) return;
    // Another tab took the lead from this one, which slept: it follows now.
    hub?.end(false);
    hub = null;
    void elect({ signal: watch.signal });
  });
  /** @param {string} to @param {any} message */
  const answer = (to, message) => {
    if (to === tab) queueMicrotask(() => { if (!closed) take(message); });
    else channel.postMessage({ to, message });
  };
  /** @param {any} message */
  const take = (message) => {
    if (message.t === 'pong') clearTimeout(timer);
    else hears.message(message);
  };

  channel.onmessage = ({ data: { to, from, message } }) => {
    if (hub && to === 'hub' && message.t === 'who') answer(from, { t: 'gen', gen });
    else if (hub && to === gen) void hub.hear(from, (m) => answer(from, m), message);
    else if (!hub && (to === tab || to === '*')) {
      if (message.t === 'gen') {
        if (message.gen === gen) return;
        gen = message.gen;
        clearTimeout(timer);
        hears.up(message.gen);
      } else take(message);
    }
  };
  void elect({ signal: watch.signal });
  channel.postMessage({ to: 'hub', from: tab, message: { t: 'who' } });

  const post = (/** @type {any} */ message) => {
    if (hub) void hub.hear(tab, (m) => answer(tab, m), message);
    else if (gen) channel.postMessage({ to: gen, from: tab, message });
  };
  return {
    kind: 'leader',
    post,
    check: () => {
      if (hub || !gen) return;
      clearTimeout(timer);
      timer = setTimeout(() => { if (!closed) void elect({ steal: true }); }, pongPatience);
      post({ t: 'ping' });
    },
    close: (closing) => {
      closed = true;
      clearTimeout(timer);
      // Others go on with a hub of their own: no goodbye while there are any.
      hub?.end(closing && hub.size === 0);
      hub = null;
      resign();
      watch.abort();
      channel.close();
    },
  };
}

/** @param {Place} place @param {Hears} hears @returns {Link} */
export function ownLink({ url, user, tab }, hears) {
  const hub = new Hub({ url, user, mirror: false });
  let closed = false;
  /** @param {any} message */
  const answer = (message) => queueMicrotask(() => { if (!closed) hears.message(message); });
  void hub.load().then(() => { if (!closed) hears.up(tab); });
  return {
    kind: 'own',
    post: (message) => void hub.hear(tab, answer, message),
    check: () => {},
    close: (closing) => {
      closed = true;
      hub.end(closing);
    },
  };
}
