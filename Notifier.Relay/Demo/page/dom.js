// The few things every part of the page does with elements. Text is always text, never markup.

/** @param {string} id @returns {any} */
export const $ = (id) => document.getElementById(id);

/**
 * @param {string} tag such as `li.mine`
 * @param {Record<string, any>} [props] properties, `on…` listeners, and attributes where the name has a dash or is `role` or `for`
 * @param {(Node | string | null | undefined | false)[]} children
 * @returns {any}
 */
export function h(tag, props = {}, ...children) {
  const [name, ...classes] = tag.split('.');
  const element = document.createElement(name);
  element.classList.add(...classes);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key.includes('-') || key === 'role' || key === 'for' || key === 'sandbox') element.setAttribute(key, value);
    else /** @type {any} */ (element)[key] = value;
  }
  element.append(.../** @type {any[]} */ (children.filter((c) => c !== null && c !== undefined && c !== false)));
  return element;
}

/** Puts text where it is not yet: a live region speaks when it changes. @param {HTMLElement} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {string} path @param {any} [body] */
export async function call(path, body) {
  const answer = await fetch(`demo/${path}`, body === undefined ? {} : { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error((await answer.json().catch(() => null))?.detail ?? `${path}: ${answer.status}`);
  return answer.status === 204 ? null : answer.json();
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const exact = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** @param {string | number} at */
export const time = (at) => h('time', { dateTime: new Date(at).toISOString(), title: new Date(at).toLocaleString() }, clock.format(new Date(at)));

/** @param {string | number} at */
export const second = (at) => h('time', { dateTime: new Date(at).toISOString() }, exact.format(new Date(at)));

/** A round mark with the first letter of a name. @param {string} id @param {string} name */
export const face = (id, name) => h(`span.face.face-${id}`, { 'aria-hidden': 'true' }, name[0]);
