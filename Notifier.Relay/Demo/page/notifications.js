// "Enable notifications", with the client's push.js.

import { $, say } from './dom.js';
import { disablePush, enablePush, onNotificationClick, resumePush } from './client/push.js';

const words = {
  on: 'Notifications are on',
  off: 'Notifications are off',
  denied: 'Notifications are blocked for this page: allow them in the browser’s settings',
  unavailable: 'The notifier has no push keys',
  unsupported: 'This browser has no Web Push',
};

/** @param {any} me @param {() => Promise<string>} token @param {import('./client/client.js').Client} client @param {(conversation: string) => void} open */
export async function setUpPush(me, token, client, open) {
  const button = $('notify'), says = $('notify-says');
  const options = { api: me.worker, site: me.site, recipient: me.id, token, serviceWorkerUrl: 'service-worker.js', device: await client.device };
  const show = (/** @type {keyof typeof words} */ state) => {
    button.dataset.state = state;
    button.textContent = { on: 'Disable notifications', off: 'Enable notifications' }[/** @type {string} */ (state)] ?? 'Notifications not possible';
    button.disabled = state === 'unsupported' || state === 'unavailable';
    button.title = words[state];
    say(says, words[state]);
  };
  const act = async (/** @type {() => Promise<keyof typeof words>} */ what) => {
    button.disabled = true;
    try {
      show(await what());
    } catch (e) {
      show('off');
      button.title = /** @type {Error} */ (e).message;
      say(says, `Notifications could not be enabled: ${/** @type {Error} */ (e).message}`);
    }
  };
  button.onclick = () => void act(button.dataset.state === 'on'
    ? async () => {
      await disablePush(options);
      return 'off';
    }
    : () => enablePush(options));
  onNotificationClick(open);
  await act(() => resumePush(options));
}
