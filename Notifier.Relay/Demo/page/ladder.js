// How one message climbs for each of its people: what the relay said, and what the notifier decided and why.

import { $, call, face, h, second } from './dom.js';

/** The notifier's reasons (docs/escalation.md) in words. */
const reasons = {
  site_disabled: 'the site is switched off', recipient_gone: 'nobody of that name is registered', address_suppressed: 'the mail server does not know the address',
  unsubscribed: 'unsubscribed', conversation_muted: 'the conversation is muted', below_level: 'wants mentions only', own_message: 'wrote it', deleted: 'it was deleted',
  already_seen: 'has seen it', active_in_conversation: 'is in this conversation right now', online_elsewhere: 'is here, with something else open', quiet_hours: 'quiet hours',
  throttled: 'has had enough notifications', stale: 'too old', no_device: 'has no device with notifications', no_address: 'has no address', duplicate: 'was told already',
  delay: 'waits whether it is seen meanwhile', coalescing: 'waits for the conversation to be quiet', unseen: 'still unseen', accepted: 'accepted', transient: 'could not be reached; tries again',
  slow_down: 'asked to wait', subscription_gone: 'the device is gone', unauthorized: 'our key was refused', rejected: 'was refused', outcome_unknown: 'nobody knows whether it arrived', cancelled: 'cancelled',
};
const verdicts = { wait: 'waits', send: 'goes', skip: 'skipped', expire: 'expired', told: 'told', failed: 'failed' };
const every = 1_000;

export class Ladder {
  #names;
  #talk;
  /** @type {any} */
  #message = null;
  #running = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #drawn = '';

  /** @param {{ id: string, name: string }[]} people @param {import('./talk.js').Talk} talk */
  constructor(people, talk) {
    this.#names = new Map(people.map((p) => [p.id, p.name]));
    this.#talk = talk;
    this.#empty();
  }

  /** @param {any} message */
  show(message) {
    if (this.#message?.id === message.id) return;
    this.#message = message;
    this.#drawn = '';
    if (this.#running) void this.#look();
  }

  start() {
    this.#running = true;
    void this.#look();
  }

  stop() {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  #empty() {
    $('ladder').replaceChildren(h('p.hint', {}, 'Send a message, and see here how it finds its way: to an open tab at once, else as a push notification, and as an email if it is still unseen then.'));
  }

  async #look() {
    clearTimeout(this.#timer);
    const message = this.#message;
    if (!this.#running || !message) return;
    if (document.visibilityState === 'visible') {
      const steps = await Promise.all(this.#talk.others(message).map(async (who) => {
        const why = await call(`why/${encodeURIComponent(message.id)}/${who}`).catch((e) => ({ decisions: [], fault: e.message }));
        return { who, reached: this.#talk.reached(message, who), ...why };
      }));
      if (message === this.#message) this.#draw(message, steps);
    }
    if (this.#running && message === this.#message) this.#timer = setTimeout(() => void this.#look(), every);
  }

  /** @param {any} message @param {any[]} people */
  #draw(message, people) {
    const now = Date.now();
    const state = JSON.stringify([people, Math.floor(now / 1000)]);
    if (state === this.#drawn) return;
    this.#drawn = state;
    const open = new Set([...$('ladder').querySelectorAll('details[open]')].map((d) => d.dataset.who));
    $('ladder').replaceChildren(
      h('blockquote.quoted', {}, message.text ?? '', h('footer.faint', {}, `${this.#names.get(message.sender)}, `, second(message.sentAt))),
      ...people.map(({ who, reached, decisions, fault }) => h('section.climb', { 'aria-label': `The ladder for ${this.#names.get(who)}` },
        h('h3', {}, face(who, this.#names.get(who) ?? ''), this.#names.get(who)),
        h('ol.rungs', {}, this.#tab(reached, decisions), this.#rung('Push', decisions.filter((/** @type {any} */ d) => d.channel === 'push'), now, reached),
          this.#rung('Email', decisions.filter((/** @type {any} */ d) => d.channel === 'email'), now, reached)),
        fault && h('p.warn', {}, fault),
        decisions.length > 0 && h('details', { 'data-who': who, open: open.has(who) }, h('summary', {}, `${decisions.length} decisions`),
          h('table.trace', {}, h('thead', {}, h('tr', {}, ...['Time', 'Channel', 'Verdict', 'Reason'].map((c) => h('th', { scope: 'col' }, c)))),
            h('tbody', {}, ...decisions.map((/** @type {any} */ d) => h('tr', {}, h('td', {}, second(d.at)), h('td', {}, d.channel), h('td', {}, d.verdict), h('td', {}, h('code', {}, d.reason))))))))));
  }

  /** @param {string} reached @param {any[]} decisions */
  #tab(reached, decisions) {
    const [state, words] = reached === 'seen' ? ['done', 'seen'] : reached === 'delivered' ? ['done', 'delivered to an open tab'] : decisions.length > 0 ? ['no', 'no tab took it'] : ['now', 'on its way'];
    return rung('Open tab', state, words, '');
  }

  /** @param {string} name @param {any[]} decisions @param {number} now @param {string} reached */
  #rung(name, decisions, now, reached) {
    const last = decisions.at(-1);
    if (!last) return rung(name, 'idle', reached === 'seen' ? 'not needed' : 'not yet', '');
    const left = last.until ? Math.max(0, Math.ceil((Date.parse(last.until) - now) / 1000)) : null;
    const state = { told: 'done', send: 'now', wait: 'wait', failed: 'fail', skip: 'idle', expire: 'idle' }[/** @type {string} */ (last.verdict)] ?? 'idle';
    const words = last.reason === 'already_seen' ? 'not needed' : /** @type {any} */ (verdicts)[last.verdict] ?? last.verdict;
    return rung(name, state, last.verdict === 'wait' && left !== null ? `in ${duration(left)}` : words, /** @type {any} */ (reasons)[last.reason] ?? last.reason);
  }
}

/** @param {string} name @param {string} state @param {string} words @param {string} reason */
function rung(name, state, words, reason) {
  return h(`li.rung.${state}`, {}, h('span.rung-mark', { 'aria-hidden': 'true' }, { done: '✓', now: '→', wait: '◷', no: '–', fail: '×', idle: '' }[state] ?? ''),
    h('span.rung-name', {}, name), h('span.rung-words', {}, words), reason && h('span.rung-why.faint', {}, reason));
}

/** @param {number} seconds */
function duration(seconds) {
  return seconds < 90 ? `${seconds} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
