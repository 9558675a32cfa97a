import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits, newSession, step } from '../../Notifier.Relay/client/session.js';

const here = { st: 'online', conv: null, tabs: 1, idle: 0 };
const welcome = (more = {}) => ({ t: 'welcome', conn: 'c', ep: 'E', o: 10, x: 100, rec: 'none', n: 0, ping: 25, pong: 8, exp: 1_000, now: 400_000, ...more });
const ev = (o) => ({ t: 'ev', o, x: o * 10, id: `m-${o}`, ts: 0, k: 'msg', tag: 'c', d: {} });

/** A session that is told one thing after another, and what it last said is to be done. */
class Told {
  session = newSession({ dev: 'd-1' });
  deeds = [];
  random = 1;

  tell(...happenings) {
    for (const happening of happenings) [this.session, this.deeds] = step(this.session, happening, () => this.random);
    return this;
  }

  frame(...frames) {
    return this.tell(...frames.map((frame) => ({ type: 'frame', frame })));
  }

  /** Up to and with the relay's welcome. */
  live(position = null, more = {}) {
    this.tell({ type: 'start', position, presence: here }, { type: 'token', token: 'T' }, { type: 'open' });
    return this.frame(welcome(more));
  }

  /** From a dropped connection to the welcome of the next. */
  again(more = {}) {
    this.tell({ type: 'timer', name: 'retry' }, { type: 'token', token: 'T2' }, { type: 'open' });
    this.hello = this.sent('hello');
    return this.frame(welcome(more));
  }

  sent(kind) {
    return this.deeds.find((d) => d.do === 'send' && d.frame.t === kind)?.frame;
  }

  all(kind) {
    return this.deeds.filter((d) => d.do === kind);
  }

  retry() {
    return this.deeds.find((d) => d.do === 'after' && d.name === 'retry')?.ms;
  }
}

test('hello carries the token, the presence and the position', () => {
  const told = new Told().tell({ type: 'start', position: { ep: 'E', o: 7, x: 70 }, presence: here }, { type: 'token', token: 'T' }, { type: 'open' });
  assert.deepEqual(told.sent('hello'), { t: 'hello', v: 1, tok: 'T', dev: 'd-1', st: 'online', conv: null, tabs: 1, idle: 0, resume: { ep: 'E', o: 7, x: 70 } });
});

test('who comes without a position starts at the newest offset and has no gap', () => {
  const told = new Told().live();
  assert.deepEqual(told.session.position, { ep: 'E', o: 10, x: 100 });
  assert.deepEqual(told.all('reset'), [{ do: 'reset', position: { ep: 'E', o: 10, x: 100 }, gap: false }]);
});

test('a full resume keeps the position: what follows is all that was missed', () => {
  const told = new Told().live({ ep: 'E', o: 7, x: 70 }, { rec: 'full', n: 3 });
  assert.deepEqual(told.session.position, { ep: 'E', o: 7, x: 70 });
  assert.equal(told.frame(ev(8)).all('deliver').length, 1);
});

for (const rec of ['gap', 'none'])
  test(`whose position is not known any more (${rec}) is told of a gap, and goes on from the newest offset`, () => {
    const told = new Told().live({ ep: 'old', o: 700, x: 7000 }, { rec });
    assert.deepEqual(told.all('reset'), [{ do: 'reset', position: { ep: 'E', o: 10, x: 100 }, gap: true }]);
    assert.equal(told.frame(ev(11)).all('deliver').length, 1);
  });

test('an event is handed out once, however often it comes', () => {
  const told = new Told().live();
  assert.equal(told.frame(ev(11)).all('deliver').length, 1);
  assert.equal(told.frame(ev(11)).all('deliver').length, 0);
  assert.equal(told.frame(ev(10)).all('deliver').length, 0);
});

test('resume asks for what was not yet opened when the connection broke, and takes none of it twice', () => {
  const told = new Told().live().frame(ev(11), ev(12)).tell({ type: 'opened', ep: 'E', o: 11, x: 110, readable: true }, { type: 'closed', code: 1006 });
  told.again({ rec: 'full', n: 1 });
  assert.deepEqual(told.hello.resume, { ep: 'E', o: 11, x: 110 });
  assert.equal(told.frame(ev(12)).all('deliver').length, 0);
  assert.deepEqual(told.tell({ type: 'opened', ep: 'E', o: 12, x: 120, readable: true }).sent('ack'), { t: 'ack', o: 12 });
});

test('the first acknowledgement goes out at once, the next are gathered for 100 ms', () => {
  const told = new Told().live().frame(ev(11), ev(12), ev(13));
  assert.equal(told.tell({ type: 'opened', ep: 'E', o: 11, x: 110, readable: true }).sent('ack').o, 11);
  assert.equal(told.tell({ type: 'opened', ep: 'E', o: 12, x: 120, readable: true }).sent('ack'), undefined);
  assert.equal(told.tell({ type: 'opened', ep: 'E', o: 13, x: 130, readable: true }).sent('ack'), undefined);
  assert.equal(told.tell({ type: 'timer', name: 'ack' }).sent('ack').o, 13);
  assert.equal(told.tell({ type: 'timer', name: 'ack' }).sent('ack'), undefined);
  assert.ok(limits.ack <= 100);
});

test('what could not be opened is not acknowledged', () => {
  const told = new Told().live().frame(ev(11)).tell({ type: 'opened', ep: 'E', o: 11, x: 110, readable: false });
  assert.equal(told.sent('ack'), undefined);
  assert.deepEqual(told.sent('unread'), { t: 'unread', o: 11 });
  assert.deepEqual(told.all('keep'), [{ do: 'keep', position: { ep: 'E', o: 11, x: 110 } }]);
  told.frame(ev(12)).tell({ type: 'opened', ep: 'E', o: 12, x: 120, readable: true });
  assert.deepEqual([told.sent('ack'), told.sent('unread')], [{ t: 'ack', o: 12 }, undefined]);
});

test('a hello names what could not be opened lately, as much of it as a frame holds, the newest first', () => {
  const told = new Told().live().frame(ev(11)).tell({ type: 'opened', ep: 'E', o: 11, x: 110, readable: false }, { type: 'closed', code: 1006 });
  told.tell({ type: 'timer', name: 'retry' }, { type: 'token', token: 'T2' }, { type: 'open', unread: ['m-11'] });
  assert.deepEqual(told.sent('hello').resume, { ep: 'E', o: 11, x: 110, unread: ['m-11'] });

  told.frame(welcome({ rec: 'full' })).tell({ type: 'closed', code: 1006 }, { type: 'timer', name: 'retry' }, { type: 'token', token: 'T'.repeat(400) });
  const many = Array.from({ length: 200 }, (_, i) => `${'é'.repeat(30)}-${i}`);
  const hello = told.tell({ type: 'open', unread: many }).sent('hello');
  const size = new TextEncoder().encode(JSON.stringify(hello)).length;
  assert.ok(size <= 4_096 && size > 3_900);
  assert.deepEqual(hello.resume.unread, many.slice(-hello.resume.unread.length));
});

test('what was opened, or could not be, between the hello and the welcome is said after it', () => {
  const told = new Told().live().frame(ev(11), ev(12), ev(13)).tell({ type: 'closed', code: 1006 }, { type: 'timer', name: 'retry' }, { type: 'token', token: 'T2' }, { type: 'open' });
  assert.deepEqual(told.sent('hello').resume, { ep: 'E', o: 10, x: 100 });
  for (const [o, readable] of [[11, false], [12, true], [13, false]]) told.tell({ type: 'opened', ep: 'E', o, x: o * 10, readable });
  told.frame(welcome({ rec: 'full', n: 3 }));
  assert.deepEqual(told.all('send').map((d) => d.frame), [{ t: 'unread', o: 11 }, { t: 'unread', o: 13 }, { t: 'ack', o: 12 }]);
});

test('at another node nothing is said in the offsets of the one before', () => {
  const told = new Told().live().frame(ev(11), ev(12)).tell({ type: 'closed', code: 1006 }, { type: 'timer', name: 'retry' }, { type: 'token', token: 'T2' }, { type: 'open' });
  told.tell({ type: 'opened', ep: 'E', o: 11, x: 110, readable: false }, { type: 'opened', ep: 'E', o: 12, x: 120, readable: true });
  assert.deepEqual(told.frame(welcome({ ep: 'F', o: 3, rec: 'full', n: 2 })).all('send'), []);
});

test('what is opened after a gap belongs to the past and moves nothing', () => {
  const told = new Told().live().frame(ev(11)).tell({ type: 'closed', code: 1006 }).again({ ep: 'F', o: 2, x: 3, rec: 'gap' });
  assert.deepEqual(told.tell({ type: 'opened', ep: 'E', o: 11, x: 110, readable: true }).deeds, []);
  assert.deepEqual(told.session.position, { ep: 'F', o: 2, x: 3 });
});

test('what the page has read from the site after a gap is acknowledged', () => {
  const told = new Told().live({ ep: 'old', o: 700, x: 7000 }, { rec: 'gap' });
  assert.deepEqual(told.tell({ type: 'loaded', position: { ep: 'E', o: 10, x: 100 } }).sent('ack'), { t: 'ack', o: 10 });
  assert.deepEqual(new Told().live().tell({ type: 'loaded', position: { ep: 'old', o: 700, x: 7000 } }).deeds, []);
});

test('a full resume at another node keeps what was accepted, and goes on in the offsets of that node', () => {
  const told = new Told().live({ ep: 'old', o: 700, x: 95 }, { rec: 'full', n: 1, o: 10, x: 95 });
  assert.deepEqual(told.session.position, { ep: 'E', o: 10, x: 95 });
  assert.deepEqual(told.all('move'), [{ do: 'move', position: { ep: 'E', o: 10, x: 95 } }]);
  assert.deepEqual(told.all('reset'), []);
  assert.equal(told.frame(ev(11)).all('deliver').length, 1);
});

test('a ping says where the log stands, and who waits for nothing stands there too', () => {
  const told = new Told().live().frame({ t: 'ping', o: 20, x: 210 });
  assert.deepEqual(told.session.position, { ep: 'E', o: 20, x: 210 });
  assert.deepEqual(told.frame({ t: 'ping', o: 20, x: 215 }).all('keep'), [{ do: 'keep', position: { ep: 'E', o: 20, x: 215 } }]);
  for (const late of [{ o: 19, x: 300 }, { o: 20, x: 214 }, {}]) assert.deepEqual(told.frame({ t: 'ping', ...late }).all('keep'), []);
  assert.equal(told.frame(ev(21)).all('deliver').length, 1);
  assert.deepEqual(told.frame({ t: 'ping', o: 30, x: 300 }).all('keep'), []); // 21 is still being opened
  assert.equal(told.frame(ev(22)).all('deliver').length, 1);
});

test('a ping is answered', () => assert.ok(new Told().live().frame({ t: 'ping' }).sent('pong')));

for (const code of [4001, 4005, 4008, 4012])
  test(`close code ${code}: at once, and with a pause if that did not last`, () => {
    const told = new Told().live().tell({ type: 'closed', code });
    assert.equal(told.retry(), 0);
    told.again().tell({ type: 'closed', code });
    assert.equal(told.retry(), 2 * limits.backoffFirst);
    told.again().tell({ type: 'timer', name: 'stable' }, { type: 'closed', code });
    assert.equal(told.retry(), 0);
  });

for (const code of [1006, 1001, 1011, 4100, 4113])
  test(`close code ${code}: backoff`, () => assert.equal(new Told().live().tell({ type: 'closed', code }).retry(), limits.backoffFirst));

for (const code of [4500, 4501, 4502, 4504, 4507])
  test(`close code ${code}: never by itself`, () => {
    const told = new Told().live().tell({ type: 'closed', code });
    assert.equal(told.session.phase, 'stopped');
    assert.deepEqual(told.all('state'), [{ do: 'state', state: 'stopped', code }]);
    assert.deepEqual(told.tell({ type: 'nudge' }).deeds, []);
  });

test('a bye says how long to wait, or never to come back', () => {
  assert.equal(new Told().live().frame({ t: 'bye', code: 4100, retry: 7_000 }).tell({ type: 'closed', code: 4100 }).retry(), 7_000);
  assert.equal(new Told().live().frame({ t: 'bye', code: 4001, retry: null }).tell({ type: 'closed', code: 4001 }).session.phase, 'stopped');
});

test('a bye that says at once is not obeyed round and round: a site that gives the same expired token again is asked with a pause', () => {
  const told = new Told().tell({ type: 'start', position: null, presence: here });
  const pauses = [];
  for (let i = 0; i < 4; i++) {
    told.tell({ type: 'token', token: 'expired' }, { type: 'open' }).frame({ t: 'bye', code: 4005, retry: 0 }).tell({ type: 'closed', code: 4005 });
    pauses.push(told.retry());
    told.tell({ type: 'timer', name: 'retry' });
  }
  assert.deepEqual(pauses, [0, 400, 800, 1_600]);
});

test('a bye without a word on when means backoff', () =>
  assert.equal(new Told().live().frame({ t: 'bye', code: 4100 }).tell({ type: 'closed', code: 4100 }).retry(), limits.backoffFirst));

test('backoff doubles up to 20 s and is random', () => {
  const told = new Told().tell({ type: 'start', position: null, presence: here });
  const pauses = [];
  for (let i = 0; i < 9; i++) {
    told.tell({ type: 'token', token: 'T' }, { type: 'closed', code: 1006 });
    pauses.push(told.retry());
    told.tell({ type: 'timer', name: 'retry' });
  }
  assert.deepEqual(pauses, [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 20_000, 20_000]);
  told.random = 0;
  assert.equal(told.tell({ type: 'token', token: 'T' }, { type: 'closed', code: 1006 }).retry(), 0);
});

test('a nudge (online, pageshow) ends the waiting', () => {
  const told = new Told().live().tell({ type: 'closed', code: 4100 }, { type: 'nudge' });
  assert.deepEqual(told.all('cancel'), [{ do: 'cancel', name: 'retry' }]);
  assert.equal(told.all('token').length, 1);
});

test('after a long time hidden the connection is tried: any frame within 3 s, else a new one', () => {
  const told = new Told().live().tell({ type: 'wake' });
  assert.ok(told.sent('ping'));
  assert.deepEqual(told.all('after'), [{ do: 'after', name: 'probe', ms: 3_000 }]);
  assert.ok(told.frame({ t: 'err', code: 'unknown', msg: '' }).deeds.some((d) => d.do === 'cancel' && d.name === 'probe'));
  told.tell({ type: 'timer', name: 'probe' });
  assert.equal(told.deeds[0].do, 'close');
  assert.equal(told.retry(), 0);
});

test('35 s without a frame: a new connection', () => {
  const told = new Told().live();
  assert.ok(told.frame({ t: 'ping' }).deeds.some((d) => d.do === 'after' && d.name === 'watchdog' && d.ms === 35_000));
  assert.equal(told.tell({ type: 'timer', name: 'watchdog' }).retry(), 0);
});

test('no welcome in 10 s: a new connection', () => {
  const told = new Told().tell({ type: 'start', position: null, presence: here }, { type: 'token', token: 'T' }, { type: 'open' }, { type: 'timer', name: 'greeting' });
  assert.equal(told.deeds[0].do, 'close');
  assert.equal(told.session.phase, 'waiting');
});

test('two connections that were never welcomed: polling; and again a WebSocket when that fails too', () => {
  const told = new Told().tell({ type: 'start', position: null, presence: here });
  const tried = [];
  for (let i = 0; i < 5; i++) {
    tried.push(told.tell({ type: 'token', token: 'T' }).all('open')[0].transport);
    told.tell({ type: 'open' }, { type: 'closed', code: 1006 }, { type: 'timer', name: 'retry' });
  }
  assert.deepEqual(tried, ['websocket', 'websocket', 'polling', 'websocket', 'polling']);
});

test('who polls tries a WebSocket again after a while', () => {
  const told = new Told();
  told.session = newSession({ dev: 'd', websocket: false });
  told.live().tell({ type: 'timer', name: 'upgrade' });
  assert.equal(told.deeds[0].do, 'close');
});

test('a token is replaced a minute before it ends', () => {
  const told = new Told().live();
  assert.deepEqual(told.deeds.find((d) => d.name === 'refresh'), { do: 'after', name: 'refresh', ms: 540_000 });
  assert.equal(told.tell({ type: 'timer', name: 'refresh' }).all('token').length, 1);
  assert.deepEqual(told.tell({ type: 'token', token: 'T3' }).sent('auth'), { t: 'auth', tok: 'T3' });
});

test('a site that gives no token is asked again with a pause', () => {
  const told = new Told().tell({ type: 'start', position: null, presence: here }, { type: 'tokenFailed' });
  assert.equal(told.retry(), limits.backoffFirst);
});

test('presence is told when it changes, and in the hello', () => {
  const told = new Told().live();
  assert.equal(told.sent('pres'), undefined);
  assert.equal(told.tell({ type: 'presence', presence: { ...here, idle: 30 } }).sent('pres'), undefined);
  assert.equal(told.tell({ type: 'presence', presence: { ...here, st: 'idle' } }).sent('pres').st, 'idle');
  told.tell({ type: 'closed', code: 1006 }, { type: 'presence', presence: here }).again();
  assert.equal(told.hello.st, 'online');
  assert.equal(told.sent('pres'), undefined);
});

test('seen marks are sent again after every welcome, and settled by their ok', () => {
  const told = new Told().live();
  assert.equal(told.all('flush').length, 1);
  assert.deepEqual(told.frame({ t: 'ok', cid: 'x' }).all('settled'), [{ do: 'settled', cid: 'x' }]);
});

test('a stop says bye, after the last acknowledgement', () => {
  const told = new Told().live().frame(ev(11), ev(12)).tell({ type: 'opened', ep: 'E', o: 11, x: 110, readable: true }, { type: 'opened', ep: 'E', o: 12, x: 120, readable: true }, { type: 'stop' });
  assert.deepEqual(told.all('send').map((d) => d.frame.t), ['ack', 'bye']);
  assert.equal(told.session.phase, 'stopped');
});

test('whatever happens in whatever order, an event is delivered once, in order, and never acknowledged before it is opened', () => {
  // A relay with 40 events, a connection that breaks anywhere, an opener that lags: 300 random lives.
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let life = 0; life < 300; life++) {
    const told = new Told();
    const delivered = [], opening = [], wire = [];
    let acked = 0, top = 0;
    const note = () => {
      for (const d of told.deeds) {
        if (d.do === 'deliver') { delivered.push(d.frame.o); opening.push(d.frame.o); }
        if (d.do === 'send' && d.frame.t === 'ack') {
          assert.ok(d.frame.o > acked || d.frame.o <= top);
          assert.ok(opening.every((o) => o > d.frame.o), 'acknowledged before it was opened');
          acked = d.frame.o;
        }
      }
    };
    const tell = (h) => { told.tell(h); note(); };
    tell({ type: 'start', position: { ep: 'E', o: 0, x: 0 }, presence: here });
    for (let i = 0; i < 400; i++) {
      const { phase } = told.session;
      if (phase === 'waiting') tell({ type: 'timer', name: 'retry' });
      else if (phase === 'token') tell({ type: 'token', token: 'T' });
      else if (phase === 'opening') tell({ type: 'open' });
      else if (phase === 'greeting') {
        const { o } = told.session.position;
        wire.length = 0;
        for (let e = o + 1; e <= top; e++) wire.push(e);
        tell({ type: 'frame', frame: welcome({ o: top, rec: 'full', n: wire.length }) });
      } else if (random() < 0.05) tell({ type: 'closed', code: 1006 });
      else if (random() < 0.3 && top < 40) wire.push(++top);
      else if (random() < 0.5 && wire.length) tell({ type: 'frame', frame: ev(wire.shift()) });
      else if (random() < 0.6 && opening.length) tell({ type: 'opened', ep: 'E', o: opening[0], x: opening.shift(), readable: true });
      else tell({ type: 'timer', name: 'ack' });
    }
    assert.deepEqual(delivered, delivered.map((_, i) => i + 1));
    assert.ok(delivered.length > 10);
  }
});
