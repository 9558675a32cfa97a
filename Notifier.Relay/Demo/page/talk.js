// Conversations: the list with its unread counts, and the one that is open.

import { $, call, face, h, say, time } from './dom.js';
import { clearNotification } from './client/push.js';

/** @typedef {{ id: string, kind: string, title: string, members: string[], messages: any[], delivered: Record<string, number>, seen: Record<string, number> }} Conversation */

const narrow = matchMedia('(max-width: 759px)');
const there = { active: 'here now', online: 'online', idle: 'away', offline: 'offline', unknown: '' };

export class Talk {
  /** @type {Map<string, Conversation>} */
  #all = new Map();
  /** @type {Map<string, 'active' | 'online' | 'idle' | 'offline'>} */
  #presence = new Map();
  /** @type {Map<string, Set<string>>} */
  #typists = new Map();
  /** @type {Map<string, string>} what was opened of sealed texts */
  #texts = new Map();
  /** @type {string | null} */
  #open = null;
  /** @type {string | null} the message whose ladder is shown */
  #chosen = null;
  #me;
  #names;
  #client;
  #explain;

  /**
   * @param {{ id: string, name: string }} me @param {{ id: string, name: string }[]} people
   * @param {() => import('./client/client.js').Client} client @param {(message: any) => void} explain
   */
  constructor(me, people, client, explain) {
    this.#me = me;
    this.#names = new Map(people.map((p) => [p.id, p.name]));
    this.#client = client;
    this.#explain = explain;
  }

  /** @param {string | null} wanted */
  start(wanted) {
    const composer = $('composer'), text = $('text');
    composer.onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      void this.#send(text.value.trim());
      text.value = '';
      grow();
    };
    const grow = () => {
      text.style.height = 'auto';
      text.style.height = `${text.scrollHeight + 2}px`;
    };
    text.oninput = () => {
      grow();
      if (this.#open && text.value) this.#client().typing(this.#open);
    };
    text.onkeydown = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      composer.requestSubmit();
    };
    $('back').onclick = () => this.open(null);
    narrow.onchange = () => this.shown();
    this.#wanted = wanted;
  }

  #wanted = /** @type {string | null} */ (null);

  /** Everything anew from the site: at the start, and after a gap. */
  async load() {
    const loaded = /** @type {Conversation[]} */ (await call(`conversations?who=${this.#me.id}`));
    for (const conversation of loaded) {
      const before = this.#all.get(conversation.id);
      // What is on its way to the site is not in its answer.
      const pending = before?.messages.filter((m) => m.state && !conversation.messages.some((l) => l.id === m.id)) ?? [];
      await Promise.all(conversation.messages.map(async (m) => { m.text = await this.#text(m); }));
      conversation.messages.push(...pending);
      this.#all.set(conversation.id, conversation);
    }
    if (this.#open === null && (this.#wanted || !narrow.matches)) this.open(this.#all.has(this.#wanted ?? '') ? this.#wanted : loaded[0].id);
    this.#draw();
  }

  /** @param {any} message from the relay */
  heard(message) {
    const conversation = this.#all.get(message.conversation);
    if (!conversation) return;
    if (message.text !== null) this.#texts.set(message.id, message.text);
    this.#put(conversation, { ...message, sender: message.sender.id });
    if (message.sender.id !== this.#me.id) void this.#mark(conversation.id, message.seq, false);
    this.#draw();
  }

  /** @param {string} who @param {'active' | 'online' | 'idle' | 'offline'} state */
  presence(who, state) {
    this.#presence.set(who, state);
    this.#draw();
  }

  /** @param {string} conversation @param {string} who @param {boolean} typing */
  typing(conversation, who, typing) {
    const typists = this.#typists.get(conversation) ?? new Set();
    if (typing) typists.add(who);
    else typists.delete(who);
    this.#typists.set(conversation, typists);
    this.#drawTyping();
  }

  /** @param {{ status: 'delivered' | 'seen', conversation: string, seq: number, by: string }} status */
  status({ status, conversation: id, seq, by }) {
    const conversation = this.#all.get(id);
    if (!conversation) return;
    const marks = conversation[status];
    marks[by] = Math.max(marks[by] ?? 0, seq);
    if (status === 'seen') {
      conversation.delivered[by] = Math.max(conversation.delivered[by] ?? 0, seq);
      if (by === this.#me.id) {
        void this.#mark(id, seq, true);
        void clearNotification(id, seq); // the notifier takes it back on the other devices; here it was read
      }
    }
    this.#draw();
  }

  /** @param {string | null} id */
  open(id) {
    this.#open = id;
    document.body.classList.toggle('talking', id !== null);
    this.#typists.delete(id ?? '');
    this.#chosen = null;
    this.#draw();
    $('log').scrollTop = $('log').scrollHeight;
    if (id === null) $('conversations').querySelector('button')?.focus();
    else if (narrow.matches) $('talk-title').focus();
    else $('text').focus();
    const last = this.#all.get(id ?? '')?.messages.findLast((m) => !m.state);
    if (last) this.#choose(last);
  }

  /** Tells the client what is on the screen. */
  shown() {
    const covered = narrow.matches && (document.body.classList.contains('scening') || this.#open === null);
    const newest = this.#all.get(this.#open ?? '')?.messages.findLast((m) => !m.state)?.seq;
    this.#client().show(covered ? null : this.#open, newest);
  }

  /** What is known of a message and a person without asking the notifier. @param {any} message @param {string} who */
  reached(message, who) {
    const conversation = /** @type {Conversation} */ (this.#all.get(message.conversation));
    return (conversation.seen[who] ?? 0) >= message.seq ? 'seen' : (conversation.delivered[who] ?? 0) >= message.seq ? 'delivered' : 'sent';
  }

  /** @param {any} message */
  others(message) {
    return /** @type {Conversation} */ (this.#all.get(message.conversation)).members.filter((m) => m !== message.sender);
  }

  /** @param {any} message @returns {Promise<string | null>} */
  async #text(message) {
    if (!this.#texts.has(message.id)) this.#texts.set(message.id, await this.#client().open(message.sealed).catch(() => '(sealed with another key)'));
    return this.#texts.get(message.id) ?? null;
  }

  /** @param {Conversation} conversation @param {any} message */
  #put(conversation, message) {
    const at = conversation.messages.findIndex((m) => m.id === message.id);
    if (at >= 0) conversation.messages.splice(at, 1);
    conversation.messages.push({ ...message, conversation: conversation.id });
    conversation.messages.sort((a, b) => (a.seq ?? Infinity) - (b.seq ?? Infinity));
  }

  /** @param {string} text @param {string} [id] of one that did not get through */
  async #send(text, id = crypto.randomUUID()) {
    const conversation = this.#all.get(this.#open ?? '');
    if (!conversation || !text) return;
    this.#texts.set(id, text);
    const draft = { id, conversation: conversation.id, sender: this.#me.id, sentAt: new Date().toISOString(), text };
    this.#put(conversation, { ...draft, state: 'sending' });
    this.#draw();
    try {
      const sent = await call('messages', { who: this.#me.id, conversation: conversation.id, id, text });
      this.#put(conversation, { ...sent, text });
      this.#choose({ ...sent, conversation: conversation.id, text });
    } catch (e) {
      // The relay may have told of it all the same.
      const known = conversation.messages.find((m) => m.id === id);
      if (known?.state) this.#put(conversation, { ...draft, state: 'failed', why: /** @type {Error} */ (e).message });
    }
    this.#draw();
  }

  /** @param {string} conversation @param {number} seq @param {boolean} seen */
  #mark(conversation, seq, seen) {
    return call('marks', { who: this.#me.id, conversation, seq, seen }).catch(() => {});
  }

  /** @param {any} message */
  #choose(message) {
    this.#chosen = message.id;
    this.#explain(message);
    this.#draw();
  }

  /** @param {Conversation} conversation */
  #unread(conversation) {
    const seen = conversation.seen[this.#me.id] ?? 0;
    return conversation.messages.filter((m) => m.sender !== this.#me.id && m.seq > seen).length;
  }

  #drawing = false;

  #draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    queueMicrotask(() => {
      this.#drawing = false;
      this.#drawList();
      this.#drawTalk();
      this.#drawTyping();
      this.shown();
    });
  }

  #drawList() {
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.conversation;
    let total = 0;
    const newest = (/** @type {Conversation} */ c) => c.messages.at(-1)?.seq ?? 0;
    const rows = [...this.#all.values()].sort((a, b) => newest(b) - newest(a)).map((c) => {
      const unread = this.#unread(c);
      total += unread;
      const last = c.messages.at(-1);
      const other = c.kind === 'direct' ? c.members.find((m) => m !== this.#me.id) : null;
      return h('li', {}, h('button.row', { type: 'button', 'data-conversation': c.id, 'aria-current': c.id === this.#open ? 'true' : null, onclick: () => this.open(c.id) },
        h('span.row-face', {}, face(other ?? 'group', c.title), other && this.#state(other) !== 'unknown' && h(`span.dot.${this.#state(other)}`, { 'aria-hidden': 'true' })),
        h('span.row-text', {},
          h('span.row-title', {}, c.title, other && h('span.visually-hidden', {}, ` ${there[this.#state(other)]}`)),
          h('span.row-last.faint', {}, last ? `${last.sender === this.#me.id ? 'You: ' : c.kind === 'group' ? `${this.#names.get(last.sender)}: ` : ''}${last.text}` : 'No messages yet')),
        unread > 0 && h('span.unread', {}, `${unread}`, h('span.visually-hidden', {}, ' unread'))));
    });
    $('conversations').replaceChildren(...rows);
    if (focused) /** @type {HTMLElement | null} */ ($('conversations').querySelector(`[data-conversation="${focused}"]`))?.focus();
    document.title = total > 0 ? `(${total}) Notifier demo` : 'Notifier demo';
  }

  #drawTalk() {
    const conversation = this.#all.get(this.#open ?? '');
    document.querySelector('.talk')?.classList.toggle('empty', !conversation);
    if (!conversation) return;
    say($('talk-title'), conversation.title);
    const others = conversation.members.filter((m) => m !== this.#me.id);
    say($('talk-presence'), conversation.kind === 'direct' ? there[this.#state(others[0])] : others.map((m) => [this.#names.get(m), there[this.#state(m)]].join(' ').trim()).join(' · '));

    const log = $('log'), list = $('messages');
    if (log.dataset.conversation !== conversation.id) {
      log.dataset.conversation = conversation.id;
      list.replaceChildren();
    }
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
    // Elements stay where they are: a live region reads out what is new in it, and only that.
    conversation.messages.forEach((m, i) => {
      let item = list.children[i];
      if (item?.dataset.id !== m.id) {
        const known = [...list.children].find((c) => /** @type {HTMLElement} */ (c).dataset.id === m.id);
        item = known ?? this.#item(m, conversation);
        list.insertBefore(item, list.children[i] ?? null);
      }
      this.#update(item, m, conversation, conversation.messages[i - 1]);
    });
    while (list.children.length > conversation.messages.length) list.lastElementChild.remove();
    if (atEnd) log.scrollTop = log.scrollHeight;
  }

  /** @param {any} message @param {Conversation} conversation */
  #item(message, conversation) {
    const mine = message.sender === this.#me.id;
    const name = this.#names.get(message.sender) ?? '';
    return h(`li.said${mine ? '.mine' : ''}`, { 'data-id': message.id },
      !mine && conversation.kind === 'group' && h('span.by', {}, face(message.sender, name), name),
      h('div.bubble', { onclick: () => this.#choose({ ...message, conversation: conversation.id }) },
        h('span.visually-hidden', {}, mine ? 'You: ' : `${name}: `),
        h('span.words', {}, message.text ?? '(this message cannot be opened)'),
        h('span.meta', {}, time(message.sentAt), h('span.tick', { role: 'img' }))),
      h('button.why.link', { type: 'button' }));
  }

  /** @param {any} item @param {any} message @param {Conversation} conversation @param {any} before */
  #update(item, message, conversation, before) {
    item.classList.toggle('chosen', message.id === this.#chosen);
    item.classList.toggle('follows', before?.sender === message.sender);
    const why = item.querySelector('.why');
    const failed = message.state === 'failed';
    why.textContent = failed ? `Not sent (${message.why}). Try again` : 'how it goes';
    why.setAttribute('aria-label', `${why.textContent}: ${message.text}`);
    why.hidden = message.state === 'sending';
    why.onclick = () => {
      if (failed) return void this.#send(message.text, message.id);
      this.#choose({ ...message, conversation: conversation.id });
      document.body.dispatchEvent(new CustomEvent('scene', { detail: 'ladder' }));
    };
    item.classList.toggle('failed', failed);
    const tick = item.querySelector('.tick');
    if (message.sender !== this.#me.id) return void tick?.remove();
    const others = this.others({ ...message, conversation: conversation.id });
    const reached = message.state ? [] : others.map((who) => this.reached({ ...message, conversation: conversation.id }, who));
    const all = (/** @type {string[]} */ ...words) => reached.length > 0 && reached.every((r) => words.includes(r));
    const state = message.state ?? (all('seen') ? 'seen' : all('seen', 'delivered') ? 'delivered' : 'sent');
    const by = state === 'sent' && others.length > 1 ? others.filter((_, i) => reached[i] !== 'sent').map((o) => this.#names.get(o)).join(', ') : '';
    const words = by ? `${state}, delivered to ${by}` : state;
    if (tick.dataset.state === words) return;
    tick.dataset.state = words;
    tick.className = `tick ${state}`;
    tick.setAttribute('aria-label', words);
    tick.title = words;
    tick.textContent = { sending: '…', failed: '!', sent: '✓', delivered: '✓✓', seen: '✓✓' }[state] ?? '';
  }

  #drawTyping() {
    const names = [...this.#typists.get(this.#open ?? '') ?? []].map((who) => this.#names.get(who));
    say($('typing'), names.length === 0 ? '' : `${names.join(' and ')} ${names.length > 1 ? 'are' : 'is'} typing…`);
  }

  /** @param {string} who */
  #state(who) {
    return this.#presence.get(who) ?? 'unknown';
  }
}
