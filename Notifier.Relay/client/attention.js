// What a person's tabs say together about where they are, and when a conversation counts as seen. Pure.

/**
 * What one tab says of itself.
 * @typedef {object} Attention
 * @property {boolean} visible
 * @property {boolean} focused
 * @property {string | null} conv the conversation on its screen
 * @property {number} input when the person last touched it (milliseconds, the clock that `now` is of)
 */

/** @typedef {import('./session.js').Presence} Presence */

export const waits = Object.freeze({
  /** Active: a visible tab with a conversation open, input in the last 60 s. */
  active: 60_000,
  /** Online: a visible tab, input in the last 150 s. */
  online: 150_000,
  /** Better news than before waits this long: a tab that is passed by on the way to another changes nothing. */
  upgrade: 300,
  /** At most two reports a second. */
  apart: 500,
  /** A conversation is seen after this long in a visible, focused tab. */
  seen: 1_000,
});

const rank = { idle: 0, online: 1, active: 2 };

/**
 * The best of all tabs counts.
 * @param {Attention[]} tabs
 * @param {number} now
 * @returns {Presence & { until: number }} `until` is when it changes although nothing happens
 */
export function whereabouts(tabs, now) {
  const input = Math.max(0, ...tabs.map((t) => t.input));
  const idle = tabs.length === 0 ? 0 : Math.max(0, Math.floor((now - input) / 1000));
  const visible = tabs.filter((t) => t.visible);
  const open = visible.filter((t) => t.conv !== null && now - t.input < waits.active)
    .sort((a, b) => Number(b.focused) - Number(a.focused) || b.input - a.input)[0];
  if (open) {
    // Another tab may keep the same conversation active for longer; who asks again then, is told.
    return { st: 'active', conv: open.conv, tabs: tabs.length, idle, until: open.input + waits.active };
  }
  const here = Math.max(-Infinity, ...visible.map((t) => t.input));
  if (now - here < waits.online) return { st: 'online', conv: null, tabs: tabs.length, idle, until: here + waits.online };
  return { st: 'idle', conv: null, tabs: tabs.length, idle, until: Infinity };
}

/**
 * When a change may be told: worse news at once, better after a moment, and never more than two reports a second.
 * @param {Presence} told what was told last
 * @param {Presence} is
 * @param {number} toldAt
 * @param {number} since since when it is so
 */
export function tellAt(told, is, toldAt, since) {
  const better = rank[is.st] > rank[told.st] || (rank[is.st] === rank[told.st] && is.conv !== told.conv);
  return Math.max(better ? since + waits.upgrade : since, toldAt + waits.apart);
}

/** @param {Attention} tab Whether what is on the screen of this tab is being looked at. */
export function looking(tab) {
  return tab.visible && tab.focused && tab.conv !== null;
}
