import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Replay } from '../../Notifier.Relay/client/replay.js';

const at = (o, ep = 'e') => ({ ep, o, x: o });

test('a tab gets what came after its place, in order, and one that stands at the newest gets nothing', () => {
  const replay = new Replay(at(10));
  for (const o of [12, 15, 17]) replay.hand(at(o), `m${o}`);
  assert.deepEqual(replay.handed, at(17));
  assert.deepEqual(replay.after(at(10)), ['m12', 'm15', 'm17']);
  assert.deepEqual(replay.after(at(13)), ['m15', 'm17']);
  assert.deepEqual(replay.after(at(17)), []);
  assert.deepEqual(replay.after(at(20)), []);
});

test('before anything is known there is nothing to miss', () => {
  assert.deepEqual(new Replay(null).after(at(3)), []);
});

test('who stands before what is kept, or counts in another epoch, is told of a gap', () => {
  const replay = new Replay(at(10));
  replay.hand(at(11), 'm11');
  assert.equal(replay.after(at(9)), null);
  assert.equal(replay.after(at(10, 'other')), null);
});

test('over a change of epoch what came since is told', () => {
  const replay = new Replay(at(10));
  replay.hand(at(11), 'm11');
  replay.hand(at(1, 'f'), 'moved');
  replay.hand(at(2, 'f'), 'm2');
  assert.deepEqual(replay.after(at(11)), ['moved', 'm2']);
  assert.deepEqual(replay.after(at(1, 'f')), ['m2']);
});

test('two minutes and five hundred messages are kept, and a tab from before that has a gap', () => {
  const replay = new Replay(at(0));
  replay.hand(at(1), 'old', 0);
  replay.hand(at(2), 'new', 120_001);
  assert.equal(replay.after(at(0)), null);
  assert.deepEqual(replay.after(at(1)), ['new']);
  for (let o = 3; o <= 503; o++) replay.hand(at(o), o, 120_002);
  assert.equal(replay.after(at(2)), null);
  assert.equal(replay.after(at(3))?.length, 500);
});
