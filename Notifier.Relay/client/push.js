// Web Push for a page: enablePush() at a click, resumePush() at each start, disablePush(). docs/web-push.md.

/**
 * @typedef {object} PushOptions
 * @property {string} api where the notifier is, such as `https://notifier.example`
 * @property {string} site
 * @property {string} recipient
 * @property {string | (() => string | Promise<string>)} token the connect token, good for ten minutes; a function is asked whenever one is needed
 * @property {string | URL} serviceWorkerUrl service-worker.js, on the page's own origin
 * @property {string} [scope] of the service worker; where it is left out, the folder it lies in
 * @property {string} [device] this browser's id at the relay (`dev`): it is spared dismissals of what was read on it
 */

/**
 * What came of it:
 * - `on`: this browser is registered;
 * - `denied`: the person does not want notifications, or closed the question;
 * - `off`: nothing was asked and nothing changed (resumePush() only);
 * - `unavailable`: the notifier has no VAPID key;
 * - `unsupported`: the browser has no Web Push (Safari on iOS: only when the site was added to the home screen).
 * @typedef {'on' | 'denied' | 'off' | 'unavailable' | 'unsupported'} PushState
 */

/** The page says again what has not changed once a day, so that the notifier knows which devices are in use. */
const REPEAT_MS = 24 * 60 * 60 * 1000;
const TRIES = 4;

/**
 * Asks the person where that is still needed (so call it at a click), subscribes, and registers the subscription.
 * @param {PushOptions} options
 * @returns {Promise<PushState>}
 */
export async function enablePush(options) {
  if (!isSupported()) return 'unsupported';
  if (await Notification.requestPermission() !== 'granted') return 'denied';
  return register(options);
}

/**
 * For each start of the page: what was enabled is compared with what the browser has now (it may have made a new subscription, and its event for that is not enough)
 * and with the notifier's key (which may be a new one). Never asks.
 * @param {PushOptions} options
 * @returns {Promise<PushState>}
 */
export async function resumePush(options) {
  if (!isSupported()) return 'unsupported';
  if (Notification.permission === 'denied') return 'denied';
  if (Notification.permission !== 'granted' || !remembered(options)) return 'off';
  return register(options);
}

/**
 * Takes this browser's subscription back, here and at the notifier.
 * @param {PushOptions} options
 */
export async function disablePush(options) {
  if (!isSupported()) return;
  const known = remembered(options);
  localStorage.removeItem(storageKey(options));
  if (localStorage.getItem(ownerKey(options)) === options.recipient) localStorage.removeItem(ownerKey(options));
  const worker = await navigator.serviceWorker.getRegistration(options.scope ?? new URL('.', new URL(options.serviceWorkerUrl, location.href)));
  const subscription = await worker?.pushManager.getSubscription();
  await subscription?.unsubscribe();
  for (const endpoint of new Set([subscription?.endpoint, known?.endpoint]))
    if (endpoint) await send(options, 'DELETE', path(options), { endpoint });
}

/**
 * Calls back when a notification was clicked while a tab was open: this is the tab, and it has been raised.
 * @param {(conversation: string, url: string | null) => void} callback
 * @returns {() => void} ends it
 */
export function onNotificationClick(callback) {
  /** @param {MessageEvent} event */
  const listener = ({ data }) => { if (data?.notifier === 'open') callback(data.conversation, data.url ?? null); };
  navigator.serviceWorker?.addEventListener('message', listener);
  return () => navigator.serviceWorker?.removeEventListener('message', listener);
}

/**
 * Closes this browser's notification of a conversation that was read here.
 * @param {string} conversation
 * @param {number} upTo what was read: a notification of later messages stays
 */
export async function clearNotification(conversation, upTo) {
  for (const worker of await navigator.serviceWorker?.getRegistrations() ?? [])
    for (const notification of await worker.getNotifications({ tag: conversation })) if ((notification.data?.upTo ?? 0) <= upTo) notification.close();
}

/** @param {PushOptions} options */
async function register(options) {
  const answer = await send(options, 'GET', 'vapid-public-key');
  if (answer.status === 404) return 'unavailable';
  if (!answer.ok) throw new Error(`The notifier did not give its key: ${answer.status}`);
  const key = (await answer.text()).trim();
  const known = remembered(options);
  const { subscription, replaces } = await subscribe(options, key);
  // A browser has one subscription, and the notifier one person for it: who was registered after this one has taken it.
  const due = localStorage.getItem(ownerKey(options)) !== options.recipient || !known || known.endpoint !== subscription.endpoint || known.key !== key || Date.now() - known.at > REPEAT_MS;
  if (due) {
    const body = { ...subscription.toJSON(), applicationServerKey: key, device: options.device, replaces: replaces ?? (known?.endpoint !== subscription.endpoint ? known?.endpoint : undefined) };
    const put = await send(options, 'PUT', path(options), body);
    if (!put.ok) throw new Error(`The notifier did not take the subscription: ${put.status} ${await put.text()}`);
    localStorage.setItem(storageKey(options), JSON.stringify({ endpoint: subscription.endpoint, key, at: Date.now() }));
    localStorage.setItem(ownerKey(options), options.recipient);
  }
  watch(options);
  return 'on';
}

/**
 * The subscription for this key; one that was made with another key is given up for it, since a browser has only one.
 * @param {PushOptions} options
 * @param {string} key
 * @returns {Promise<{ subscription: PushSubscription, replaces?: string }>}
 */
async function subscribe({ serviceWorkerUrl, scope }, key) {
  await navigator.serviceWorker.register(serviceWorkerUrl, { scope });
  const worker = await active(serviceWorkerUrl, scope);
  const before = await worker.pushManager.getSubscription();
  if (before && encoded(before.options.applicationServerKey) === key) return { subscription: before };
  // From here until the PUT a push message finds nobody; the notifier moves what waits there to the new one.
  await before?.unsubscribe();
  return { subscription: await trying(() => worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: decoded(key) })), replaces: before?.endpoint };
}

/**
 * @param {string | URL} serviceWorkerUrl
 * @param {string} [scope]
 * @returns {Promise<ServiceWorkerRegistration>} one whose service worker runs: some browsers subscribe for no other
 */
async function active(serviceWorkerUrl, scope) {
  const worker = await navigator.serviceWorker.register(serviceWorkerUrl, { scope });
  const coming = worker.installing ?? worker.waiting;
  if (!worker.active && coming)
    await new Promise((resolve, reject) => {
      coming.addEventListener('statechange', () => {
        if (worker.active) resolve(undefined);
        else if (coming.state === 'redundant') reject(new Error(`${serviceWorkerUrl} could not be installed`));
      });
    });
  return worker;
}

/**
 * A browser that has just started may not have reached its push service yet.
 * @template T
 * @param {() => Promise<T>} action
 */
async function trying(action) {
  for (let left = TRIES - 1; ; left--) {
    try {
      return await action();
    } catch (/** @type {any} */ error) {
      if (left === 0 || error?.name === 'NotAllowedError') throw error;
      await new Promise(resolve => setTimeout(resolve, 500 * 2 ** (TRIES - left)));
    }
  }
}

let watched = false;

/**
 * While a page is open it registers what its service worker had to make anew.
 * @param {PushOptions} options
 */
function watch(options) {
  if (watched) return;
  watched = true;
  navigator.serviceWorker.addEventListener('message', ({ data }) => { if (data?.notifier === 'subscription') resumePush(options).catch(() => undefined); });
}

/**
 * @param {PushOptions} options
 * @param {string} method
 * @param {string} below the site
 * @param {object} [body]
 */
async function send({ api, site, token }, method, below, body) {
  const headers = { Authorization: `Bearer ${typeof token === 'function' ? await token() : token}`, ...body && { 'Content-Type': 'application/json' } };
  return fetch(`${api.replace(/\/$/, '')}/v1/sites/${encodeURIComponent(site)}/${below}`, { method, headers, body: body && JSON.stringify(body), credentials: 'omit' });
}

/** @param {PushOptions} options */
const path = ({ recipient }) => `recipients/${encodeURIComponent(recipient)}/subscriptions`;

/** @param {PushOptions} options */
const storageKey = ({ site, recipient }) => `notifier.push ${site} ${recipient}`;

/** Who was registered last in this browser. @param {PushOptions} options */
const ownerKey = ({ site }) => `notifier.push ${site}`;

/**
 * What was registered for this person.
 * @param {PushOptions} options
 * @returns {{ endpoint: string, key: string, at: number } | null}
 */
function remembered(options) {
  try {
    return JSON.parse(localStorage.getItem(storageKey(options)) ?? 'null');
  } catch {
    return null;
  }
}

const isSupported = () => 'serviceWorker' in navigator && 'PushManager' in self && 'Notification' in self;

/** @param {ArrayBuffer | null} key */
const encoded = key => key && btoa(String.fromCharCode(...new Uint8Array(key))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/** @param {string} key */
const decoded = key => Uint8Array.from(atob(key.replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0));
