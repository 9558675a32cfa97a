// Renders HTML files in Debian's Chromium, narrow and wide, light and dark: node render.mjs SHOTS FILE…
// Prints a JSON array of what is wrong: a page wider than the window, a request that leaves the file, text that cannot be read. Screenshots go to SHOTS.
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import puppeteer from 'puppeteer-core';

const [shots, ...files] = process.argv.slice(2);
mkdirSync(shots, { recursive: true });

// In the page. WCAG 2.2, 1.4.3: 4.5 to 1.
function unreadable() {
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const background = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = channels(getComputedStyle(e).backgroundColor);
      if (color[3] === undefined || color[3] === 1) return color;
    }
    return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255];
  };
  const found = [];
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest('select, style')) continue;
    texts++;
    const [a, b] = [luminance(channels(getComputedStyle(element).color)), luminance(background(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)}: ${walker.currentNode.data.trim().slice(0, 40)}`);
  }
  if (texts === 0) found.push('there is no text');
  return found;
}

const wrong = [];
let checked = 0;
const browser = await puppeteer.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--hide-scrollbars'] });
try {
  const page = await browser.newPage();
  await page.setRequestInterception(true);
  let current = '';
  page.on('request', (request) => {
    if (request.url() === current) return request.continue();
    wrong.push(`${basename(current)} asks for ${request.url()}`);
    return request.abort();
  });
  for (const file of files) {
    current = pathToFileURL(file).href;
    for (const scheme of ['light', 'dark']) {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      for (const width of [360, 800]) {
        await page.setViewport({ width, height: 640 });
        await page.goto(current);
        const name = `${basename(file, '.html')}-${width}-${scheme}`;
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        if (wide > width) wrong.push(`${name} is ${wide} px wide`);
        for (const text of await page.evaluate(unreadable)) wrong.push(`${name} cannot be read: ${text}`);
        await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
        checked++;
      }
    }
  }
} finally {
  await browser.close();
}
console.log(JSON.stringify({ checked, wrong }));
