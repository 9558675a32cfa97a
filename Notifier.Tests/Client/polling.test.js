import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { openPolling } from '../../Notifier.Relay/client/polling.js';

/** Polls a server that gives these answers, one after another, and returns what was heard until the end. @param {(body: any, n: number) => [number, any]} answers */
async function polled(answers) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    asked.push(JSON.parse(Buffer.concat(parts).toString()));
    const [status, body] = answers(asked.at(-1), asked.length);
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const frames = [];
  const code = await new Promise((closed) => {
    const connection = openPolling(`http://127.0.0.1:${server.address().port}/`, 'T', {
      open: () => connection.send({ t: 'hello', v: 1, tok: 'T' }),
      frame: (frame) => frames.push(frame.t),
      closed,
    });
  });
  server.close();
  server.closeAllConnections();
  return { code, frames, asked };
}

const problem = { status: 401 };
const expired = { ...problem, code: 4005 };
const bad = { ...problem, code: 4500 };
const then = (second) => (_, n) => n === 1 ? [200, { conn: 'c', frames: [{ t: 'welcome' }] }] : [401, second];

test('a token that has expired is a matter of getting another, at the first poll as at any other; one that is not good is for good', async () => {
  assert.deepEqual(await polled(then(expired)).then(({ code, frames }) => ({ code, frames })), { code: 4005, frames: ['welcome'] });
  assert.deepEqual(await polled(() => [401, expired]).then(({ code, asked }) => ({ code, polls: asked.length })), { code: 4005, polls: 1 });
  assert.equal((await polled(then(bad))).code, 4500);
  assert.equal((await polled(() => [401, bad])).code, 4500);
});

test('where a relay of before does not say what is wrong with a token, one that was good once has expired', async () => {
  assert.equal((await polled(then(problem))).code, 4005);
  assert.equal((await polled(() => [401, problem])).code, 4500);
});

test('a connection that the relay does not know any more is a broken one', async () => {
  assert.equal((await polled((_, n) => n === 1 ? [200, { conn: 'c', frames: [] }] : [404, problem])).code, 1006);
});
