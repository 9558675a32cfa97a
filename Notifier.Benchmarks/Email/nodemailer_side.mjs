// nodemailer's pool: as many connections as ours, and as many mails on each.
import { createInterface } from 'node:readline';
import nodemailer from 'nodemailer';

const [port, connections, text, html] = process.argv.slice(2);
const transport = nodemailer.createTransport({ host: '127.0.0.1', port: Number(port), secure: false, ignoreTLS: true, pool: true, maxConnections: Number(connections), maxMessages: 1000 });
let mails = 0;

for await (const order of createInterface({ input: process.stdin })) {
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: Number(order) }, () => {
    const n = ++mails;
    return transport.sendMail({
      from: 'Acme <hello@acme.example>', to: `Bob <u${n % 1000}@example.org>`, subject: 'New messages from Ada', messageId: `<n${process.pid}.${n}@acme.example>`, text, html,
      headers: { 'Auto-Submitted': 'auto-generated', 'List-Unsubscribe': '<https://n.acme.example/unsubscribe/abc>', 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' },
    });
  }));
  const { user, system } = process.cpuUsage(before);
  console.log(user + system);
}
transport.close();
