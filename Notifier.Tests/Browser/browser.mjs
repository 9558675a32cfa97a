// A browser, by orders of a test: one JSON object a line on standard input, one answer a line on standard output. Ends with its standard input.
import { createInterface } from 'node:readline';

/**
 * @param {import('puppeteer-core').Browser} browser
 * @param {Record<string, (order: any) => Promise<unknown>>} own what this browser alone can do
 */
export async function obey(browser, own = {}) {
  const contexts = new Map();
  const pages = new Map();

  const orders = {
    /** `context` names a browser profile of its own: somebody else at another machine. */
    async open({ page, url, context, before }) {
      if (context && !contexts.has(context)) contexts.set(context, await browser.createBrowserContext());
      const tab = await (contexts.get(context) ?? browser).newPage();
      pages.set(page, tab);
      if (before) await tab.evaluateOnNewDocument(before);
      await tab.goto(url);
      await tab.bringToFront();
    },
    /** A tab that the browser opened by itself. */
    async adopt({ page, url }) {
      let tab;
      while (!(tab = (await browser.pages()).find(p => p.url().startsWith(url)))) await new Promise(resolve => setTimeout(resolve, 25));
      pages.set(page, tab);
    },
    front: ({ page }) => pages.get(page).bringToFront(),
    evaluate: ({ page, script }) => pages.get(page).evaluate(script),
    type: ({ page, selector, text }) => pages.get(page).type(selector, text),
    press: ({ page, key }) => pages.get(page).keyboard.press(key),
    click: ({ page, selector }) => pages.get(page).locator(selector).click(),
    reload: ({ page }) => pages.get(page).reload().then(() => undefined),
    async close({ page }) {
      await pages.get(page).close({ runBeforeUnload: false });
      pages.delete(page);
    },
    /** The process that draws the page ends at once, as when it runs out of memory. */
    async crash({ page }) {
      const session = await pages.get(page).createCDPSession();
      await Promise.race([session.send('Page.crash').catch(() => undefined), new Promise(resolve => pages.get(page).once('error', resolve))]);
      pages.delete(page);
    },
    /** Ends every SharedWorker, and says how many there were. */
    async killWorkers() {
      const session = await browser.target().createCDPSession();
      const { targetInfos } = await session.send('Target.getTargets');
      const workers = targetInfos.filter(t => t.type === 'shared_worker');
      for (const { targetId } of workers) await session.send('Target.closeTarget', { targetId });
      return workers.length;
    },
    async media({ page, width, height, scheme }) {
      await pages.get(page).setViewport({ width, height });
      await pages.get(page).emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    },
    async screenshot({ page, file }) {
      await pages.get(page).screenshot({ path: file });
    },
    ...own,
  };

  const say = answer => process.stdout.write(`${JSON.stringify(answer)}\n`);
  say({ id: 0, value: await browser.version() });
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line);
    orders[order.op](order).then(value => say({ id: order.id, value: value ?? null }), error => say({ id: order.id, error: String(error) }));
  }
  await browser.close();
}
