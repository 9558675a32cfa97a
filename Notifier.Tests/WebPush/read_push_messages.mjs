// Reads push messages with http_ece, an implementation that is not ours: node read_push_messages.mjs FILE
// FILE has one JSON object a line: { privateKey, auth, body, sha256 } in base64url. Prints how many were read, and the first that was not.
import { createECDH, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import ece from 'http_ece';

let read = 0;
for (const line of readFileSync(process.argv[2], 'utf8').split('\n')) {
  if (!line) continue;
  const { privateKey, auth, body, sha256 } = JSON.parse(line);
  const key = createECDH('prime256v1');
  key.setPrivateKey(Buffer.from(privateKey, 'base64url'));
  const plaintext = ece.decrypt(Buffer.from(body, 'base64url'), { version: 'aes128gcm', privateKey: key, authSecret: auth });
  if (createHash('sha256').update(plaintext).digest('base64url') !== sha256) throw new Error(`not what was encrypted: ${line}`);
  read++;
}
console.log(read);
