// A connection over plain HTTP, for who cannot open a WebSocket: the same frames, asked for again and again.

/** @typedef {import('./socket.js').Hears} Hears */
/** @typedef {import('./socket.js').Connection} Connection */

const patience = 40_000;
/** Who has just been answered and has nothing to say asks again after this long: else each message of many would cost a request. */
const pause = 100;
/** The relay takes no more frames at once; the rest goes with the next request. */
const most = 50;

/**
 * One request waits at the relay until there is something to say; a second one may bring it what this side has to say.
 * No request is ever given up for another: what its answer carries would be lost.
 * @param {string} url the relay's address
 * @param {string} token
 * @param {Hears} hears
 * @returns {Connection}
 */
export function openPolling(url, token, hears) {
  const address = new URL('v1/poll', url);
  const abort = new AbortController();
  /** @type {string | null} */
  let conn = null;
  /** @type {any[]} */
  const saying = [];
  let underWay = 0;
  let scheduled = false;
  let ended = false;
  /** Answers count in the order of their requests. */
  let order = Promise.resolve();

  /** @param {number} code */
  const end = (code) => {
    if (ended) return;
    ended = true;
    abort.abort();
    hears.closed(code);
  };

  /** A relay of before said no code: there a token that was good once has expired. @param {Response} refusal @returns {Promise<number>} */
  const codeOf = async (refusal) => {
    const problem = await refusal.json().catch(() => null);
    return typeof problem?.code === 'number' ? problem.code : conn === null ? 4500 : 4005;
  };

  const request = async () => {
    const frames = saying.splice(0, most);
    const answer = await fetch(address, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ conn, frames }),
      signal: AbortSignal.any ? AbortSignal.any([abort.signal, AbortSignal.timeout(patience)]) : abort.signal,
      credentials: 'omit',
      cache: 'no-store',
    });
    if (answer.ok) return answer.json();
    // What is wrong with the token the relay says: one that has expired is replaced, at the first poll as at any other, and a bad one is for good.
    if (answer.status === 401) throw await codeOf(answer);
    // Not known any more, as after a restart of the relay, is a broken connection.
    throw answer.status === 403 ? 4500 : answer.status === 429 ? 4113 : 1006;
  };

  const poll = () => {
    // The first request makes the connection; a second one beside it would make another.
    if (ended || underWay >= (conn === null ? 1 : 2)) return;
    underWay++;
    const answer = request();
    answer.catch(() => {});
    order = order.then(async () => {
      try {
        const said = await answer;
        underWay--;
        conn = said.conn ?? conn;
        for (const frame of said.frames) {
          if (ended) return;
          hears.frame(frame);
          if (frame.t === 'bye') return end(frame.code);
        }
        if (saying.length > 0) poll();
        else if (underWay === 0) setTimeout(() => { if (underWay === 0) poll(); }, pause);
      } catch (e) {
        end(typeof e === 'number' ? e : 1006);
      }
    });
  };

  const soon = () => {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      if (saying.length > 0) poll();
    });
  };

  queueMicrotask(() => {
    if (!ended) hears.open();
  });
  return {
    send: (frame) => {
      // The token is in the header of every request.
      if (frame.t === 'hello') saying.push({ ...frame, tok: undefined });
      else if (frame.t === 'auth') token = frame.tok;
      else if (frame.t === 'bye') return sayAndGo(frame);
      else saying.push(frame);
      soon();
    },
    close: () => {
      ended = true;
      abort.abort();
    },
  };

  /** The last words: nobody waits for their answer. @param {any} frame */
  function sayAndGo(frame) {
    if (conn === null) return;
    const body = JSON.stringify({ conn, frames: [...saying, frame] });
    void fetch(address, { method: 'POST', keepalive: true, headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, body, credentials: 'omit' }).catch(() => {});
  }
}
