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

test('a token that is over while it polls is a matter of getting another; one that was never good is for good', async () => {
  assert.deepEqual(await polled((_, n) => n === 1 ? [200, { conn: 'c', frames: [{ t: 'welcome' }] }] : [401, problem]).then(({ code, frames }) => ({ code, frames })), { code: 4005, frames: ['welcome'] });
  assert.equal((await polled(() => [401, problem])).code, 4500);
});

test('a connection that the relay does not know any more is a broken one', async () => {
  assert.equal((await polled((_, n) => n === 1 ? [200, { conn: 'c', frames: [] }] : [404, problem])).code, 1006);
});
