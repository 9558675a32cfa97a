// hear_byes.mjs BYES: what a session does when it hears each of these, and when it hears it again on the next connection before that has lasted. One line each.
import { limits, newSession, step } from '../../Notifier.Relay/client/session.js';

const welcome = { t: 'welcome', conn: 'c', ep: 'E', o: 1, x: 1, rec: 'none', n: 0, exp: 1_000, now: 400_000 };

for (const [code, bye] of Object.entries(JSON.parse(Buffer.from(process.argv[2], 'base64')))) {
  let session = newSession({ dev: 'd' });
  /** Tells the session one thing after another, and gives what it last wants done. */
  const tell = (...happenings) => happenings.map((h) => { const [next, deeds] = step(session, h, () => 1); session = next; return deeds; }).at(-1);
  tell({ type: 'start', position: null, presence: { st: 'online', conv: null, tabs: 1, idle: 0 } });
  const hear = () => {
    const deeds = tell({ type: 'token', token: 'T' }, { type: 'open' }, { type: 'frame', frame: welcome }, { type: 'frame', frame: bye }, { type: 'closed', code: Number(code) });
    if (session.phase === 'stopped') return 'never';
    const pause = deeds.find((d) => d.do === 'after' && d.name === 'retry').ms;
    tell({ type: 'timer', name: 'retry' });
    return pause === 0 ? 'at once' : pause >= limits.backoffFirst ? 'backoff' : `${pause} ms`;
  };
  const first = hear();
  console.log(`${code} ${first === 'never' ? first : `${first}, then ${hear()}`}`);
}
