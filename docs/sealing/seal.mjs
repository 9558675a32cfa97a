// node seal.mjs KEY TEXT: seals a text for the relay. KEY: 32 random bytes in base64url.
import { createCipheriv, randomBytes } from 'node:crypto';

export function seal(text, key) {
  const header = Buffer.from('{"alg":"dir","enc":"A256GCM"}').toString('base64url');
  const iv = randomBytes(12); // a new one for every message
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key, 'base64url'), iv).setAAD(Buffer.from(header));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return [header, '', iv.toString('base64url'), sealed.toString('base64url'), cipher.getAuthTag().toString('base64url')].join('.');
}

console.log(seal(process.argv[3], process.argv[2]));
