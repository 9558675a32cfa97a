// poll_with_tokens.mjs URL TOKEN…: a hub that polls, and whose site gives it these tokens, one after another. Says whether it is live or stopped in the end, and with how many of them.
import { Hub } from '../../Notifier.Relay/client/hub.js';

const [url, ...tokens] = process.argv.slice(2);
let given = 0;

const hub = new Hub({ url, user: 'poller', mirror: false, websocket: false });
await hub.load();
const post = (message) => {
  if (message.t === 'token?') setTimeout(() => hub.hear('tab', post, { t: 'token', n: message.n, token: tokens[given++] ?? null }));
  if (message.t !== 'state' || !['live', 'stopped'].includes(message.state)) return;
  console.log(`${message.state}${message.code ? ` (${message.code})` : ''} with ${given}`);
  setTimeout(() => hub.end(false)); // after what else is to be done now
};
hub.hear('tab', post, { t: 'join', attention: { visible: true, focused: true, conv: null, input: Date.now() }, position: null });
