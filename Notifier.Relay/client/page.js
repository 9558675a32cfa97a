// What a tab can tell of itself: whether it is seen and focused, when it was last touched, and whether it is about to be closed or only to show another page.

/** @typedef {import('./attention.js').Attention} Attention */

/** Input is told at most this often: the rules count in minutes. */
const inputEvery = 10_000;
/** A navigation that was announced longer ago than this has come to nothing (a download, an answer without a page). */
const navigationHolds = 5_000;
const sleep = 30_000;

/**
 * @typedef {object} Hears
 * @property {() => void} attention it has changed
 * @property {(long: boolean) => void} shown visible again; `long` after more than 30 s
 * @property {() => void} online
 * @property {(closing: boolean) => void} hide the page goes; `closing` where the person closes it or leaves the site
 * @property {() => void} show it is back out of the browser's cache, as it was
 */

export class Page {
  #stop = new AbortController();
  #input = Date.now();
  #inputTold = 0;
  #hiddenSince = document.visibilityState === 'hidden' ? Date.now() : Infinity;
  #navigatingAt = -Infinity;

  /** @param {Hears} hears */
  constructor(hears) {
    const { signal } = this.#stop;
    const passive = { signal, passive: true, capture: true };
    for (const type of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart', 'input'])
      addEventListener(type, () => this.#touched(hears), passive);
    for (const type of ['focus', 'blur']) addEventListener(type, () => hears.attention(), { signal });
    document.addEventListener('visibilitychange', () => {
      hears.attention();
      if (document.visibilityState === 'hidden') {
        this.#hiddenSince = Date.now();
        return;
      }
      this.#touched(hears); // who brings a tab to the front is there
      hears.shown(Date.now() - this.#hiddenSince > sleep);
      this.#hiddenSince = Infinity;
    }, { signal });
    document.addEventListener('resume', () => hears.shown(true), { signal });
    addEventListener('online', () => hears.online(), { signal });
    addEventListener('pagehide', () => hears.hide(this.#closing), { signal });
    addEventListener('pageshow', (event) => {
      if (event.persisted) hears.show();
    }, { signal });
    /** @type {any} */ (globalThis).navigation?.addEventListener('navigate', (/** @type {any} */ event) => {
      // Not for a move within the page, and not for a file.
      if (!event.hashChange && event.downloadRequest === null && sameSite(event.destination.url)) this.#navigatingAt = Date.now();
    }, { signal });
  }

  /** @returns {Omit<Attention, 'conv'>} */
  get attention() {
    return { visible: document.visibilityState === 'visible', focused: document.hasFocus(), input: this.#input };
  }

  end() {
    this.#stop.abort();
  }

  /** A browser that does not announce navigations cannot tell F5 from goodbye: then the relay's grace decides. */
  get #closing() {
    return 'navigation' in globalThis && Date.now() - this.#navigatingAt > navigationHolds;
  }

  /** @param {Hears} hears */
  #touched(hears) {
    this.#input = Date.now();
    if (this.#input - this.#inputTold < inputEvery) return;
    this.#inputTold = this.#input;
    hears.attention();
  }
}

/** @param {string} url */
function sameSite(url) {
  return new URL(url, location.href).origin === location.origin;
}
