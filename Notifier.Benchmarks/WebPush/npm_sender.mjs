// npm's web-push sends: kept-alive connections and many requests at once, which is the best it can do.
import { createECDH, randomBytes } from 'node:crypto';
import { Agent } from 'node:https';
import { createInterface } from 'node:readline';
import webpush from 'web-push';

const origin = process.argv[2];
const inFlight = 200;
const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
const options = {
  vapidDetails: { subject: 'mailto:bench@notifier.example', ...webpush.generateVAPIDKeys() }, TTL: 86400, urgency: 'high', topic: 'e7szy1LUT-UYFX1qrf2QV0GnXPWuHXmF', agent,
};
const subscriptions = Array.from({ length: 1000 }, (_, i) => {
  const key = createECDH('prime256v1');
  key.generateKeys();
  return { endpoint: `${origin}/push/${i}`, keys: { p256dh: key.getPublicKey('base64url'), auth: randomBytes(16).toString('base64url') } };
});
const payload = 'x'.repeat(200);

for await (const order of createInterface({ input: process.stdin })) {
  const before = process.cpuUsage();
  let left = Number(order);
  await Promise.all(Array.from({ length: inFlight }, async () => {
    while (left-- > 0) await webpush.sendNotification(subscriptions[left % subscriptions.length], payload, options);
  }));
  const { user, system } = process.cpuUsage(before);
  console.log(user + system);
}
