// The panel "behind the scenes": tabs (ARIA Authoring Practices), and a sheet over the conversation on a narrow screen.

import { $ } from './dom.js';

/** @param {Record<string, { start: () => void, stop: () => void }>} scenes @param {() => void} moved the conversation is covered, or not any more */
export function setUpScenes(scenes, moved) {
  const names = Object.keys(scenes);
  let current = '';

  /** @param {string} name @param {boolean} [focus] */
  const select = (name, focus) => {
    if (current === name) return;
    if (current) scenes[current].stop();
    current = name;
    for (const n of names) {
      const tab = $(`tab-${n}`);
      tab.setAttribute('aria-selected', `${n === name}`);
      tab.tabIndex = n === name ? 0 : -1;
      $(n).hidden = n !== name;
    }
    if (focus) $(`tab-${name}`).focus();
    scenes[name].start();
  };

  for (const name of names) {
    $(`tab-${name}`).onclick = () => select(name);
    $(`tab-${name}`).onkeydown = (/** @type {KeyboardEvent} */ event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) select(names[(names.indexOf(name) + step + names.length) % names.length], true);
      else if (event.key === 'Home') select(names[0], true);
      else if (event.key === 'End') select(names[names.length - 1], true);
    };
  }

  const narrow = matchMedia('(max-width: 1099px)');
  const show = (/** @type {boolean} */ open) => {
    document.body.classList.toggle('scening', open);
    if (open) $(`tab-${current}`).focus();
    else if (narrow.matches) $('behind').focus();
    moved();
  };
  $('behind').onclick = () => show(!document.body.classList.contains('scening'));
  $('scenes-close').onclick = () => show(false);
  $('scenes').onkeydown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Escape' && document.body.classList.contains('scening')) show(false);
  };
  document.body.addEventListener('scene', (event) => {
    select(/** @type {CustomEvent} */ (event).detail);
    if (narrow.matches) show(true);
  });
  select('ladder');
}
