// The site and the browser of ./dev bench browser. The site seals each message and publishes it; Chromium has two tabs of one person, one SharedWorker holds their connection and opens what
// comes. The time is from before the sealing to onMessage in the page.
import { createCipheriv, createHmac, randomBytes, randomUUID } from 'node:crypto';
import puppeteer from 'puppeteer-core';

const [port, signingKey, apiKey] = process.argv.slice(2), [crowd, group, perSecond, seconds, rounds] = process.argv.slice(5).map(Number);
const relay = `http://127.0.0.1:${port}/`;
const key = randomBytes(32);
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = () => performance.timeOrigin + performance.now();

function token() {
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iss: 'acme', sub: 'reader', aud: 'relay', exp: Math.floor(Date.now() / 1000) + 600 })}`;
  return `${text}.${createHmac('sha256', signingKey).update(text).digest('base64url')}`;
}

function seal(text) {
  const header = part({ alg: 'dir', enc: 'A256GCM' }), iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(header));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return [header, '', iv.toString('base64url'), sealed.toString('base64url'), cipher.getAuthTag().toString('base64url')].join('.');
}

async function publish(n, text) {
  const to = ['reader', ...Array.from({ length: group - 1 }, (_, i) => `u-${(n * group + i) % crowd}`)];
  const answer = await fetch(`${relay}v1/publish`, {
    method: 'POST', headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ site: 'acme', id: randomUUID(), to, kind: 'group', conversation: 'c-1', seq: n + 1, sender: { id: 'sender' }, sealed: seal(text) }),
  });
  if (answer.status !== 202) throw new Error(`the relay answered ${answer.status}: ${await answer.text()}`);
}

const browser = await puppeteer.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'],
});

/** An empty page of the relay's origin: a SharedWorker's script must be of the page's own. */
async function tab() {
  const page = await browser.newPage();
  await page.setRequestInterception(true);
  page.once('request', (request) => request.respond({ contentType: 'text/html', body: '<!doctype html><title>A site</title>' }));
  await page.goto(`${relay}a-site`);
  await page.setRequestInterception(false);
  await page.exposeFunction('connectToken', token);
  await page.evaluate(async (key) => {
    const { connect } = await import('/client/client.js');
    globalThis.got = [];
    await new Promise((live) => connect({
      url: '/', user: 'reader', token: () => globalThis.connectToken(), keys: key,
      onMessage: (message) => {
        const at = performance.timeOrigin + performance.now();
        if (message.text === null) throw new Error(message.unreadable);
        globalThis.got.push([Number(message.text.slice(0, message.text.indexOf(' '))), at]);
      },
      onState: ({ state, via }) => { globalThis.via = via; if (state === 'live') live(undefined); },
    }));
  }, key.toString('base64url'));
  return page;
}

/** How much the page's clock is ahead of this one, by the shortest of many questions. */
async function ahead(page) {
  let best = { took: Infinity, by: 0 };
  for (let i = 0; i < 50; i++) {
    const asked = now(), there = await page.evaluate(() => performance.timeOrigin + performance.now()), took = now() - asked;
    if (took < best.took) best = { took, by: there - asked - took / 2 };
  }
  return best.by;
}

const [page] = [await tab(), await tab()].reverse();
await page.bringToFront();
if (await page.evaluate(() => globalThis.via) !== 'shared') throw new Error('the tabs do not share a worker');
const padding = 'x'.repeat(400);
let n = 0;
for (let round = 0; round < rounds; round++) {
  const by = await ahead(page), messages = round === 0 ? perSecond : perSecond * seconds; // the first warms up
  await page.evaluate(() => { globalThis.got = []; });
  const began = now(), sent = [];
  for (let i = 0; i < messages; i++) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, began + i * 1000 / perSecond - now())));
    sent.push(publish(n++, `${now()} ${padding}`));
  }
  await Promise.all(sent);
  await page.waitForFunction((count) => globalThis.got.length >= count, { timeout: 20_000 }, messages);
  const times = (await page.evaluate(() => globalThis.got)).map(([from, to]) => to - by - from).sort((a, b) => a - b);
  if (times.length !== messages) throw new Error(`${times.length} of ${messages} messages came`);
  if (round > 0) console.log(`${times[Math.floor(times.length / 2)]} ${times[Math.floor(times.length * 0.99)]}`);
}
await browser.close();
