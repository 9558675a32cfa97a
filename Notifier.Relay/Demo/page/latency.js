// The latency test: messages from this tab to another one of the same person, by way of the site, the relay and its log; opened there, and timed there.
// Against them stands what a page would see that asks its server every 3 seconds.

import { $, call, h } from './dom.js';

const count = 100;
const apart = 50;
const pollEvery = 3_000;
const bounds = [2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 3_000];

/** Comparable between the tabs of one browser. */
const now = () => performance.timeOrigin + performance.now();

export class Latency {
  #me;
  #channel;
  /** @type {Map<string, (sample: { ms: number, tab: string }) => void>} */
  #waiting = new Map();
  #tab = Math.random().toString(36).slice(2);
  #others = new Set();

  /** @param {{ id: string, name: string }} me */
  constructor(me) {
    this.#me = me;
    this.#channel = new BroadcastChannel(`notifier demo latency ${me.id}`);
    this.#channel.onmessage = ({ data }) => {
      if (data.hello) {
        this.#others.add(data.tab);
        if (data.hello === 'who') this.#channel.postMessage({ hello: 'here', tab: this.#tab });
        this.#invite();
      } else if (data.gone) {
        this.#others.delete(data.tab);
        this.#invite();
      } else this.#waiting.get(data.id)?.(data);
    };
    this.#channel.postMessage({ hello: 'who', tab: this.#tab });
    addEventListener('pagehide', () => this.#channel.postMessage({ gone: true, tab: this.#tab }));
    this.#draw();
  }

  start() {}
  stop() {}

  /** @param {any} message */
  heard(message) {
    const probe = JSON.parse(message.text);
    const sample = { id: message.id, ms: now() - probe.at, tab: this.#tab };
    if (probe.from === this.#tab) {
      // Only counts where there is no other tab.
      if (this.#others.size === 0) this.#waiting.get(message.id)?.(sample);
    } else this.#channel.postMessage(sample);
  }

  #draw() {
    $('latency').replaceChildren(
      h('p.hint', {}, `${count} messages, one every ${apart} ms: this tab → site → relay → WebSocket → opened in the other tab.`),
      h('p.invite', { id: 'invite' }),
      h('button.primary', { type: 'button', id: 'measure', onclick: () => void this.#run() }, 'Measure'),
      h('p', { id: 'measuring', role: 'status' }),
      h('div', { id: 'measured' }));
    this.#invite();
  }

  #invite() {
    const invite = $('invite');
    if (!invite) return;
    invite.replaceChildren(...this.#others.size > 0 ? [`Measures to ${this.#others.size === 1 ? 'your other tab' : `one of your ${this.#others.size} other tabs`}.`]
      : ['For a test between two tabs, ', h('a', { href: `?as=${this.#me.id}`, target: '_blank' }, 'open another one'), '. Without, this tab measures to itself.']);
  }

  async #run() {
    const button = $('measure'), says = $('measuring');
    button.disabled = true;
    /** @type {number[]} */
    const samples = [], polled = [];
    let failed = 0;
    const began = now();
    const offset = Math.random() * pollEvery; // a page's questions fall where they fall
    const sent = [];
    for (let i = 0; i < count; i++) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, began + i * apart - now())));
      sent.push(this.#probe().then((ms) => {
        samples.push(ms);
        polled.push(pollEvery - ((i * apart + offset) % pollEvery) + ms);
      }, () => failed++));
      if (i % 10 === 9) says.textContent = `${i + 1} of ${count} sent…`;
    }
    await Promise.all(sent);
    says.textContent = failed > 0 ? `${failed} of ${count} did not arrive within 10 s.` : '';
    button.disabled = false;
    button.textContent = 'Measure again';
    if (samples.length > 0) this.#result(samples, polled);
  }

  /** @returns {Promise<number>} */
  #probe() {
    const id = crypto.randomUUID();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => done(() => reject(new Error('late'))), 10_000);
      const done = (/** @type {() => void} */ end) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        end();
      };
      this.#waiting.set(id, ({ ms }) => done(() => resolve(ms)));
      call('probe', { who: this.#me.id, id, text: JSON.stringify({ at: now(), from: this.#tab }) }).catch((e) => done(() => reject(e)));
    });
  }

  /** @param {number[]} samples @param {number[]} polled */
  #result(samples, polled) {
    const rows = [['Relay', samples], ['Polling every 3 s (simulated)', polled]].map(([name, values]) => ({ name, ...summary(/** @type {number[]} */ (values)) }));
    const most = Math.max(...rows.flatMap((r) => r.bins));
    $('measured').replaceChildren(
      h('table.figures', {}, h('caption.visually-hidden', {}, 'Milliseconds from sending to reading'),
        h('thead', {}, h('tr', {}, h('td'), ...['p50', 'p99', 'most'].map((c) => h('th', { scope: 'col' }, c)))),
        h('tbody', {}, ...rows.map((r) => h('tr', {}, h('th', { scope: 'row' }, /** @type {string} */ (r.name)), ...[r.p50, r.p99, r.most].map((v) => h('td', {}, ms(v))))))),
      h('figure.histogram', {}, h('figcaption.visually-hidden', {}, 'How many messages took how long; the same figures as a table above.'),
        h('div.bars', { 'aria-hidden': 'true' }, ...bounds.concat(Infinity).map((bound, i) => h('div.bin', {},
          h('div.pair', {}, ...rows.map((r, n) => h(`span.bar.bar-${n}`, { style: `height:${(r.bins[i] / most) * 100}%`, title: `${r.bins[i]}` }))),
          h('span.bound', {}, bound === Infinity ? '>3 s' : bound >= 1_000 ? `${bound / 1_000} s` : `${bound}`)))),
        h('p.legend.faint', {}, h('span.bar-0', { 'aria-hidden': 'true' }), 'relay ', h('span.bar-1', { 'aria-hidden': 'true' }), 'polling; milliseconds, up to')));
  }
}

/** @param {number[]} values */
function summary(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (/** @type {number} */ q) => sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)];
  const bins = bounds.concat(Infinity).map((bound, i) => sorted.filter((v) => v <= bound && v > (bounds[i - 1] ?? -Infinity)).length);
  return { p50: at(0.5), p99: at(0.99), most: at(1), bins };
}

/** @param {number} value */
const ms = (value) => value < 10 ? `${value.toFixed(1)} ms` : value < 1_000 ? `${Math.round(value)} ms` : `${(value / 1_000).toFixed(1)} s`;
