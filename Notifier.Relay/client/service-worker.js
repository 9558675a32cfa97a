// Shows what the notifier pushes (docs/web-push.md). A classic script without imports, so that every browser with Web Push can run it; a site serves it from its own
// origin, or loads it into its own service worker with importScripts().

/**
 * The push payload: docs/web-push.md.
 * @typedef {object} Payload
 * @property {'message' | 'dismiss'} type
 * @property {string} site
 * @property {string} conversation
 * @property {string} tag one notification for each
 * @property {string} [title]
 * @property {string | null} [body]
 * @property {string | null} [url] what a click opens where no tab is open
 * @property {number} [count] unseen messages
 * @property {number} upTo the newest message it tells of
 * @property {string | null} [icon]
 */

self.addEventListener('push', event => event.waitUntil(pushed(event)));
self.addEventListener('notificationclick', event => event.waitUntil(clicked(event.notification)));
self.addEventListener('pushsubscriptionchange', event => event.waitUntil(subscriptionChanged(event)));

/** @param {PushEvent & { notification?: Notification }} event */
async function pushed(event) {
  // Declarative Web Push: the browser has read the message itself, and shows this one unless we do. It does not take the place of an older one by itself.
  if (event.notification && !event.data) return close(event.notification.tag, Infinity);
  const payload = read(event.data);
  if (payload?.type === 'dismiss') return close(payload.tag, payload.upTo);
  if (payload && await isRead(payload)) return;
  return show(payload);
}

/**
 * @param {PushMessageData | null} data
 * @returns {Payload | null} null for what is not of this protocol
 */
function read(data) {
  try {
    const payload = data?.json();
    return typeof payload?.tag === 'string' ? payload : null;
  } catch {
    return null;
  }
}

/**
 * A person who looks at the site needs no notification: the page has the message, and is told. Apple takes the subscription away after three push messages that show
 * nothing, whoever looked at what.
 * @param {Payload} payload
 */
async function isRead(payload) {
  const looking = (await windows()).filter(client => client.focused && client.visibilityState === 'visible');
  if (looking.length === 0 || !await mayStaySilent()) return false;
  for (const client of looking) client.postMessage({ notifier: 'pushed', conversation: payload.conversation, upTo: payload.upTo });
  return true;
}

async function mayStaySilent() {
  const subscription = await self.registration.pushManager.getSubscription();
  return subscription !== null && !/(^|\.)push\.apple\.com$/.test(new URL(subscription.endpoint).hostname);
}

/** @param {Payload | null} payload null: something came that we cannot read, and to show nothing would cost the permission to push. */
async function show(payload) {
  if (!payload) return self.registration.showNotification('New message', { tag: 'notifier' });
  const { site, conversation, tag, title, body, url, upTo, icon } = payload;
  // Safari has tags and does not heed them.
  await close(tag, Infinity);
  return self.registration.showNotification(title || 'New message', { body: body ?? '', tag, icon: icon ?? undefined, data: { site, conversation, url, upTo } });
}

/**
 * Closes the notification of a conversation, unless it tells of messages after `upTo`.
 * @param {string} tag
 * @param {number} upTo
 */
async function close(tag, upTo) {
  for (const notification of await self.registration.getNotifications({ tag })) if ((notification.data?.upTo ?? 0) <= upTo) notification.close();
}

/** @param {Notification} notification */
async function clicked(notification) {
  notification.close();
  const { conversation, url } = notification.data ?? {};
  const open = await windows();
  const client = open.find(c => c.focused) ?? open.find(c => c.visibilityState === 'visible') ?? open[0];
  if (!client) return self.clients.openWindow(url || self.registration.scope);
  // A browser may refuse to raise a window; the page is told all the same.
  await client.focus().catch(() => undefined);
  client.postMessage({ notifier: 'open', conversation, url });
}

/**
 * The browser has dropped the subscription. A new one can be made here; it is registered by the page, which has the person's token: now if one is open, else at its next start.
 * @param {Event & { oldSubscription?: PushSubscription, newSubscription?: PushSubscription }} event
 */
async function subscriptionChanged(event) {
  const options = event.oldSubscription?.options;
  if (!event.newSubscription && options?.applicationServerKey)
    await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: options.applicationServerKey }).catch(() => undefined);
  for (const client of await windows()) client.postMessage({ notifier: 'subscription' });
}

/** @returns {Promise<WindowClient[]>} also those that were there before this service worker */
function windows() {
  return self.clients.matchAll({ type: 'window', includeUncontrolled: true });
}
