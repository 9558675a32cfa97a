// The demo page: a messaging site in one page, with a look behind it.

import { connect } from './client/client.js';
import { $, call, face, h, say } from './dom.js';
import { Latency } from './latency.js';
import { Ladder } from './ladder.js';
import { Mail } from './mail.js';
import { setUpPush } from './notifications.js';
import { setUpScenes } from './scenes.js';
import { Talk } from './talk.js';

const query = new URLSearchParams(location.search);
const remembered = 'notifier demo as';

/** A tab keeps its person over F5; a new tab begins as who was chosen last. @param {{ id: string }[]} people */
const chosen = (people) => [query.get('as'), sessionStorage.getItem(remembered), query.has('open') ? localStorage.getItem(remembered) : null]
  .find((id) => people.some((p) => p.id === id));

const people = await call('people');
const who = chosen(people);
if (who) await enter(who);
else choose();

function choose() {
  $('people').replaceChildren(...people.map((/** @type {any} */ p) =>
    h('li', {}, h('button.person', { type: 'button', onclick: () => void enter(p.id) }, face(p.id, p.name), h('span', {}, p.name)))));
  $('choose').hidden = false;
  $('people').querySelector('button').focus();
}

/** @param {string} id */
async function enter(id) {
  sessionStorage.setItem(remembered, id);
  localStorage.setItem(remembered, id);
  history.replaceState(null, '', `?as=${id}`);
  const me = await call('sign-in', { who: id });
  $('choose').hidden = true;
  $('app').hidden = false;
  $('me').replaceChildren(face(me.id, me.name), ` You are ${me.name}`);
  $('leave').onclick = () => {
    client.close();
    sessionStorage.removeItem(remembered);
    location.href = location.pathname;
  };

  const token = async () => (await call('token', { who: id })).token;
  const latency = new Latency(me);
  const talk = new Talk(me, people, () => client, (message) => ladder.show(message));
  const ladder = new Ladder(people, talk);
  const client = connect({
    url: '/',
    user: id,
    token,
    keys: me.keys,
    onMessage: (message) => message.conversation.startsWith('latency-') ? latency.heard(message) : talk.heard(message),
    onGap: () => talk.load(),
    onPresence: ({ who, state }) => talk.presence(who, state),
    onTyping: ({ conversation, who, typing }) => talk.typing(conversation, who, typing),
    onStatus: (status) => talk.status(status),
    onState: showState,
  });
  setUpScenes({ ladder, mail: new Mail(), latency }, () => talk.shown());
  void setUpPush(me, token, client, (conversation) => talk.open(conversation));
  if (me.notifier) say($('notify-says'), me.notifier);
  talk.start(query.get('open'));
}

/** @param {import('./client/client.js').State} state */
function showState({ state, transport, via, code }) {
  const words = {
    live: `Connected ${{ shared: 'for all tabs', leader: 'by one tab for all', own: 'by this tab' }[via]}${transport === 'polling' ? ', polling' : ''}`,
    connecting: 'Connecting…',
    waiting: 'Not connected; trying again…',
    stopped: `Stopped${code ? ` (${code})` : ''}`,
  };
  $('state').dataset.state = state;
  say($('state'), words[state]);
}
