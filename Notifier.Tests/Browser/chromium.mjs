// Chromium, by orders of a test (browser.mjs).
import puppeteer from 'puppeteer-core';
import { obey } from './browser.mjs';

const [executablePath] = process.argv.slice(2);

await obey(await puppeteer.launch({
  executablePath,
  args: [
    '--no-sandbox', // it does not start as root with one
    '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost', // nothing leaves this machine
  ],
}));
