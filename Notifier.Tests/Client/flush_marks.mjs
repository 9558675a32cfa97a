// flush_marks.mjs URL TOKEN COUNT: a hub that has seen so many conversations before it connects, by polling. Says how many connections it took until the relay has all marks.
import { Hub } from '../../Notifier.Relay/client/hub.js';
import { Outbox } from '../../Notifier.Relay/client/outbox.js';

const [url, token, count] = process.argv.slice(2);
let lives = 0;
let settled = 0;
const settle = Outbox.prototype.settle;
Outbox.prototype.settle = function (cid) {
  settle.call(this, cid);
  if (++settled < Number(count)) return;
  console.log(lives);
  hub.end(true);
};

const hub = new Hub({ url, user: 'flusher', mirror: false, websocket: false });
await hub.load();
const post = (message) => {
  if (message.t === 'token?') setTimeout(() => hub.hear('tab', post, { t: 'token', n: message.n, token }));
  if (message.t === 'state' && message.state === 'live') lives++;
  if (message.t === 'state' && message.code) throw new Error(`stopped with ${message.code}`);
};
hub.hear('tab', post, { t: 'join', attention: { visible: true, focused: true, conv: null, input: Date.now() }, position: null });
for (let i = 0; i < Number(count); i++) hub.hear('tab', post, { t: 'seen', conv: `c-${i}`, seq: 1 });
