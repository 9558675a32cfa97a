import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { open } from '../../Notifier.Relay/client/sealed.js';

const key = randomBytes(32).toString('base64url');

function seal(text, secret = key, header = { alg: 'dir', enc: 'A256GCM' }) {
  const protectedHeader = Buffer.from(JSON.stringify(header)).toString('base64url');
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(secret, 'base64url'), iv).setAAD(Buffer.from(protectedHeader));
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return [protectedHeader, '', iv.toString('base64url'), body.toString('base64url'), cipher.getAuthTag().toString('base64url')].join('.');
}

const refused = (jwe, keys, reason) => assert.rejects(open(jwe, keys), (e) => e.reason === reason);

test('what the site sealed is opened with the site\'s key', async () => {
  for (const text of ['', 'Is it still available?', '🙂 é 日本', 'x'.repeat(20_000)]) assert.equal(await open(seal(text), key), text);
});

test('the kid chooses among several keys', async () => {
  const other = randomBytes(32).toString('base64url');
  assert.equal(await open(seal('now', other, { alg: 'dir', enc: 'A256GCM', kid: '2' }), { 1: key, 2: other }), 'now');
  await refused(seal('x', key, { alg: 'dir', enc: 'A256GCM', kid: '3' }), { 1: key }, 'no_key');
  await refused(seal('x', key, { alg: 'dir', enc: 'A256GCM', kid: 'toString' }), { 1: key }, 'no_key');
});

test('a wrong key, a changed text and a changed header are all refused', async () => {
  await refused(seal('x'), randomBytes(32).toString('base64url'), 'wrong_key');
  const parts = seal('hello there').split('.');
  for (const i of [2, 3, 4]) {
    const changed = [...parts];
    changed[i] = (changed[i][0] === 'A' ? 'B' : 'A') + changed[i].slice(1);
    await refused(changed.join('.'), key, 'wrong_key');
  }
  const header = Buffer.from('{"enc":"A256GCM","alg":"dir"}').toString('base64url');
  await refused([header, ...parts.slice(1)].join('.'), key, 'wrong_key');
});

test('a short tag is refused: GCM would take it', async () => {
  const parts = seal('hello').split('.');
  parts[4] = Buffer.from(parts[4], 'base64url').subarray(0, 4).toString('base64url');
  await refused(parts.join('.'), key, 'wrong_key');
});

test('other algorithms, compression and what is no JWE are refused by name', async () => {
  for (const header of [{ alg: 'none', enc: 'A256GCM' }, { alg: 'dir', enc: 'A128GCM' }, { alg: 'dir', enc: 'A256GCM', zip: 'DEF' }, { alg: 'dir', enc: 'A256GCM', crit: ['x'] }])
    await refused(seal('x', key, header), key, 'unsupported');
  for (const text of ['', 'a.b.c', '....', 'e30.x.y.z.w', '%%%..a.b.c']) await refused(text, key, text === 'e30..' ? 'unsupported' : 'not_a_jwe');
  await refused(seal('x'), undefined, 'no_key');
  await refused(seal('x'), 'c2hvcnQ', 'no_key');
});
