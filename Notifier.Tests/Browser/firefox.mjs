// Firefox, by orders of a test (browser.mjs).
import puppeteer from 'puppeteer-core';
import { obey } from './browser.mjs';

const [executablePath, profile, pushServer] = process.argv.slice(2);

const preferences = {
  // A push service of our own in place of Mozilla's.
  'dom.push.serverURL': pushServer,
  'dom.push.testing.allowInsecureServerURL': true,
  'dom.push.retryBaseInterval': 200,
  'permissions.default.desktop-notification': 1, // nobody is there to be asked
  'alerts.useSystemBackend': false, // nor is there a desktop
  // Else push is switched off for browsers under remote control.
  'remote.prefs.recommended': false,
  // Nothing that would leave this machine.
  'services.settings.server': 'data:,',
  'app.update.enabled': false,
  'app.normandy.enabled': false,
  'browser.safebrowsing.downloads.remote.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.region.network.url': '',
  'browser.newtabpage.enabled': false,
  'browser.startup.homepage': 'about:blank',
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.healthreport.uploadEnabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.getAddons.cache.enabled': false,
  'extensions.systemAddon.update.enabled': false,
  'extensions.update.enabled': false,
  'media.gmp-manager.url': '',
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.telemetry.server': '',
};

const browser = await puppeteer.launch({
  browser: 'firefox',
  executablePath,
  userDataDir: profile,
  extraPrefsFirefox: preferences,
  args: ['-remote-allow-system-access'], // to the browser's own windows: a notification is one
});

/** Runs in the browser's own window, where each notification has a window of its own. */
const click = async title => {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise(resolve => setTimeout(resolve, 25)))
    for (const shown of Services.wm.getEnumerator('alert:alert')) {
      if (shown.document.getElementById('alertTitleLabel')?.getAttribute('value') !== title) continue;
      shown.document.getElementById('alertBox').click();
      return true;
    }
  return false;
};

/** Clicks on the newest notification with a title, as a person does. */
async function clickNotification({ title }) {
  const { result: { contexts: [own] } } = await browser.connection.send('browsingContext.getTree', { 'moz:scope': 'chrome' });
  const { result } = await browser.connection.send('script.callFunction', {
    functionDeclaration: String(click), arguments: [{ type: 'string', value: title }], awaitPromise: true, target: { context: own.context },
  });
  if (result.result?.value !== true) throw new Error(`no notification "${title}" is shown: ${JSON.stringify(result)}`);
}

await obey(browser, { clickNotification });
