import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outbox } from '../../Notifier.Relay/client/outbox.js';
import { remembered } from '../../Notifier.Relay/client/storage.js';

test('a mark is kept until its ok, over a restart', async () => {
  const store = remembered();
  const first = new Outbox(store, 'mark a ');
  const mark = first.add('c', 7);
  const second = new Outbox(store, 'mark a ');
  await second.load();
  assert.deepEqual(second.pending, [mark]);
  second.settle(mark.cid);
  const third = new Outbox(store, 'mark a ');
  await third.load();
  assert.deepEqual(third.pending, []);
});

test('a higher mark takes the place of a lower one, and the ok of the lower settles nothing', async () => {
  const outbox = new Outbox(remembered(), '');
  const low = outbox.add('c', 7);
  const high = outbox.add('c', 9);
  outbox.settle(low.cid);
  assert.deepEqual(outbox.pending, [high]);
});

test('what is said already is not said again', () => {
  const outbox = new Outbox(remembered(), '');
  const mark = outbox.add('c', 7);
  assert.equal(outbox.add('c', 7), null);
  outbox.settle(mark.cid);
  assert.equal(outbox.add('c', 6), null);
  assert.equal(outbox.add('c', 8)?.seq, 8);
  assert.equal(outbox.add('d', 1)?.seq, 1);
});

test('another person in the same browser has marks of their own', async () => {
  const store = remembered();
  new Outbox(store, 'mark ada ').add('c', 7);
  const bob = new Outbox(store, 'mark bob ');
  await bob.load();
  assert.deepEqual(bob.pending, []);
});
