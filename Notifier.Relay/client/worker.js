// The SharedWorker: one for all tabs of a person in this browser, and in it their one connection.
// It can be killed at any moment and started again with nothing in its memory. Its lock tells the tabs of its death.

import { Hub } from './hub.js';
import { newId } from './ids.js';

const { url, user } = JSON.parse(self.name);
const gen = newId();
const lock = `notifier hub ${gen}`;
const hub = new Hub({ url, user, mirror: true });

const ready = Promise.all([
  hub.load(),
  new Promise((resolve) => {
    void navigator.locks.request(lock, () => {
      resolve(undefined);
      return new Promise(() => {}); // for life
    });
  }),
]);

/** @type {any} */ (self).onconnect = (/** @type {MessageEvent} */ event) => {
  const port = event.ports[0];
  const post = (/** @type {any} */ message) => port.postMessage(message);
  port.onmessage = async ({ data }) => {
    await ready;
    void hub.hear(data.from, post, data.message);
  };
  void ready.then(() => post({ t: 'gen', gen, lock }));
};
