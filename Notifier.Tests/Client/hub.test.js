import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { Hub } from '../../Notifier.Relay/client/hub.js';

test('what could not be opened is said in the next hello, where the connection broke as it was said', async () => {
  /** @type {() => void} */
  let told;
  const twice = new Promise((resolve) => { told = () => resolve(undefined); });
  const hellos = [];
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const { conn, frames } = JSON.parse(Buffer.concat(parts).toString());
    const hello = frames.find((f) => f.t === 'hello');
    if (hello) hellos.push(hello);
    if (hellos.length === 2) told();
    const welcome = { t: 'welcome', conn: 'c', ep: 'E', o: 10, x: 100, rec: hellos.length === 1 ? 'none' : 'full', n: 0, ping: 25, pong: 8, exp: 1_000, now: 400_000 };
    const shut = { t: 'ev', o: 11, x: 110, id: 'm-11', ts: 0, k: 'msg', tag: 'c', d: { conversation: 'c', seq: 1, sealed: 'no.jwe' } };
    if (hello) answer([welcome]);
    else if (frames.some((f) => f.t === 'unread')) request.socket.destroy();
    else if (hellos.length === 1) answer([shut]);

    function answer(news) {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ conn: conn ?? `c-${hellos.length}`, frames: news }));
    }
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const hub = new Hub({ url: `http://127.0.0.1:${server.address().port}/`, user: 'ada', mirror: false, websocket: false });
  await hub.load();
  const post = (message) => {
    if (message.t === 'token?') setTimeout(() => hub.hear('tab', post, { t: 'token', n: message.n, token: 'T' }));
  };
  hub.hear('tab', post, { t: 'join', attention: { visible: true, focused: true, conv: null, input: Date.now() }, position: null });
  await twice;
  hub.end(false);
  server.close();
  server.closeAllConnections();
  assert.deepEqual(hellos.map((h) => h.resume), [null, { ep: 'E', o: 11, x: 110, unread: ['m-11'] }]);
});
