// The mail folder: what people without an open tab or a device are sent.

import { $, call, h, time } from './dom.js';

const every = 3_000;

export class Mail {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #running = false;
  #listed = '';
  /** @type {string | null} */
  #open = null;

  start() {
    this.#running = true;
    void this.#look();
  }

  stop() {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  async #look() {
    clearTimeout(this.#timer);
    if (this.#open === null && document.visibilityState === 'visible') {
      const mails = await call('mail').catch(() => []);
      if (this.#open === null) this.#list(mails);
    }
    if (this.#running) this.#timer = setTimeout(() => void this.#look(), every);
  }

  /** @param {any[]} mails */
  #list(mails) {
    const state = JSON.stringify(mails);
    if (state === this.#listed) return;
    this.#listed = state;
    $('mail').replaceChildren(mails.length === 0
      ? h('p.hint', {}, 'No emails yet. One goes out when a person is away and a message stays unseen: after 10 minutes, or sooner where ./dev run was started with a shorter Escalation__EmailDelay.')
      : h('ul.mails', {}, ...mails.map((m) => h('li', {}, h('button.row', { type: 'button', onclick: () => void this.#show(m.name) },
        h('span.row-text', {}, h('span.row-title', {}, m.subject), h('span.row-last.faint', {}, `to ${m.to}`)), time(m.at))))));
  }

  /** @param {string} name */
  async #show(name) {
    this.#open = name;
    const mail = await call(`mail/${encodeURIComponent(name)}`);
    const back = h('button.quiet', { type: 'button', onclick: () => this.#close() }, '‹ All mail');
    // No script, no form, no way out but a link in a new tab; whatever a mail may hold.
    const frame = h('iframe.mail-body', { title: 'The email', sandbox: 'allow-popups allow-popups-to-escape-sandbox', srcdoc: mail.html ?? '' });
    const text = h('pre.mail-body', { hidden: mail.html !== null, tabIndex: 0 }, mail.text ?? '');
    frame.hidden = mail.html === null;
    const swap = mail.html !== null && mail.text !== null && h('button.link', {
      type: 'button', onclick: (/** @type {any} */ event) => {
        [frame.hidden, text.hidden] = [text.hidden, frame.hidden];
        event.target.textContent = frame.hidden ? 'Show as HTML' : 'Show as text';
      },
    }, 'Show as text');
    $('mail').replaceChildren(back, h('h3.mail-subject', { tabIndex: -1 }, mail.subject),
      h('p.faint', {}, `From ${mail.from}`, h('br'), `To ${mail.to}, `, time(mail.at)), swap, frame, text);
    $('mail').querySelector('.mail-subject').focus();
  }

  #close() {
    this.#open = null;
    this.#listed = '';
    void this.#look();
  }
}
