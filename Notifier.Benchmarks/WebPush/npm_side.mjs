// npm's web-push: complete requests, as it makes them by default. It signs a VAPID token for every message.
import { createECDH, randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import webpush from 'web-push';

const vapid = webpush.generateVAPIDKeys();
const options = {
  vapidDetails: { subject: 'mailto:bench@notifier.example', ...vapid }, TTL: 86400, urgency: 'high', topic: 'e7szy1LUT-UYFX1qrf2QV0GnXPWuHXmF',
};
const subscriptions = Array.from({ length: 1000 }, (_, i) => {
  const key = createECDH('prime256v1');
  key.generateKeys();
  return {
    endpoint: `https://fcm.googleapis.com/fcm/send/${i}-${randomBytes(96).toString('base64url')}`,
    keys: { p256dh: key.getPublicKey('base64url'), auth: randomBytes(16).toString('base64url') },
  };
});
const payload = 'x'.repeat(200);

for await (const order of createInterface({ input: process.stdin })) {
  const before = process.cpuUsage();
  for (let i = 0; i < Number(order); i++) webpush.generateRequestDetails(subscriptions[i % subscriptions.length], payload, options);
  const { user, system } = process.cpuUsage(before);
  console.log(user + system);
}
