import assert from 'node:assert/strict';
import { test } from 'node:test';
import { looking, tellAt, whereabouts } from '../../Notifier.Relay/client/attention.js';

const now = 1_000_000;
const tab = (more = {}) => ({ visible: true, focused: true, conv: null, input: now, ...more });
const states = (tabs, at = now) => { const { st, conv } = whereabouts(tabs, at); return [st, conv]; };

test('no tab at all, or only hidden ones: idle', () => {
  assert.deepEqual(states([]), ['idle', null]);
  assert.deepEqual(states([tab({ visible: false, conv: 'c' })]), ['idle', null]);
});

test('a visible tab with a conversation open is active for 60 s after the last input, online for 150 s, then idle', () => {
  const tabs = [tab({ conv: 'c' })];
  assert.deepEqual(states(tabs, now + 59_999), ['active', 'c']);
  assert.deepEqual(states(tabs, now + 60_000), ['online', null]);
  assert.deepEqual(states(tabs, now + 149_999), ['online', null]);
  assert.deepEqual(states(tabs, now + 150_000), ['idle', null]);
});

test('it says when it will change although nothing happens', () => {
  const tabs = [tab({ conv: 'c' })];
  for (let at = now, steps = 0; steps < 2; steps++) {
    const { st, until } = whereabouts(tabs, at);
    assert.equal(whereabouts(tabs, until - 1).st, st);
    assert.notEqual(whereabouts(tabs, until).st, st);
    at = until;
  }
  assert.equal(whereabouts(tabs, now + 150_000).until, Infinity);
});

test('the best of all tabs counts, and the focused one names the conversation', () => {
  assert.deepEqual(states([tab({ visible: false }), tab()]), ['online', null]);
  assert.deepEqual(states([tab({ conv: 'a', focused: false }), tab({ conv: 'b' })]), ['active', 'b']);
  assert.equal(whereabouts([tab(), tab(), tab()], now).tabs, 3);
});

test('input in a hidden tab keeps no visible one awake', () => {
  assert.deepEqual(states([tab({ visible: false, input: now }), tab({ conv: 'c', input: now - 200_000 })]), ['idle', null]);
});

test('worse news is told at once, better after 300 ms, and never more than two in a second', () => {
  const at = (st, conv = null) => ({ st, conv, tabs: 1, idle: 0 });
  assert.equal(tellAt(at('active', 'c'), at('idle'), 0, 5_000), 5_000);
  assert.equal(tellAt(at('idle'), at('active', 'c'), 0, 5_000), 5_300);
  assert.equal(tellAt(at('active', 'a'), at('active', 'b'), 0, 5_000), 5_300);
  assert.equal(tellAt(at('active', 'c'), at('idle'), 4_900, 5_000), 5_400);
});

test('only a visible, focused tab with a conversation is looked at', () => {
  assert.ok(looking(tab({ conv: 'c' })));
  for (const less of [{ visible: false }, { focused: false }, { conv: null }]) assert.ok(!looking(tab({ conv: 'c', ...less })));
});
