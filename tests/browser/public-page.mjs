// The public page of a living exchange in a real browser: numbers without script, live with it, both languages, both widths,
// pause and keyboard, a lost connection, no violation that axe-core finds. Screenshots are left for a person to look at.
//
// node tests/browser/public-page.mjs CARBEX MODULES SCREENSHOTS
import { spawn } from 'node:child_process';
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [carbex, modules, screenshots] = process.argv.slice(2);
const require = createRequire(join(modules, 'package.json'));
const { chromium } = require('playwright-core');
const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const PATIENCE_MS = 60_000;

mkdirSync(screenshots, { recursive: true });
const data = mkdtempSync(join(tmpdir(), 'carbex-browser-'));
const demo = (listen) => spawn(carbex, ['demo', '--residents', '20000', '--year-seconds', '90', '--listen', listen, '--data', join(data, 'exchange')],
  { stdio: ['ignore', 'pipe', 'inherit'] });

/** Waits for the line that tells the page's address, and lets the rest flow away. */
function address(child) {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = line.match(/^\s*page\s+(http:\S+)/);
      if (found) resolve(found[1]);
    });
  });
}
const ended = (child) => new Promise((resolve) => (child.exitCode !== null ? resolve(child.exitCode) : child.once('exit', resolve)));

let child = demo('127.0.0.1:0');
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
let passed = 0;
const check = async (sentence, body) => {
  await body();
  passed += 1;
  console.log(`ok ${sentence}`);
};
const text = (page, name) => page.locator(`[data-live="${name}"]`).first().innerText();

/** Opens the page and keeps everything the browser complains about. */
async function open(url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'fr-FR', bypassCSP: false, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => new URL(request.url()).hostname === '127.0.0.1' || complaints.push(`asked ${request.url()}`));
  await page.goto(url);
  return { page, complaints, context };
}

try {
  const url = await address(child);
  // The first trades set the price.
  const first = await open(url);
  await first.page.waitForFunction(() => /\d/.test(document.querySelector('[data-live="tonne"]').textContent), null, { timeout: PATIENCE_MS });

  await check('without script the numbers stand in the page', async () => {
    const { page, context } = await open(url, { javaScriptEnabled: false });
    assert.match(await text(page, 'tonne'), /\d/);
    assert.match(await text(page, 'available'), /\d/);
    assert.ok((await page.locator('figure svg').count()) > 0, 'a chart is drawn by the server');
    await context.close();
  });

  await check('with script they move without a reload', async () => {
    const before = await text(first.page, 'consumed');
    await first.page.waitForFunction((before) => document.querySelector('[data-live="consumed"]').textContent !== before, before, { timeout: PATIENCE_MS });
    const date = await text(first.page, 'date');
    await first.page.waitForFunction((date) => document.querySelector('[data-live="date"]').textContent !== date, date, { timeout: PATIENCE_MS });
  });

  await check('pause holds the numbers, by keyboard', async () => {
    const button = first.page.locator('[data-pause]');
    await button.focus();
    await first.page.keyboard.press('Enter');
    const held = await text(first.page, 'consumed');
    await first.page.waitForTimeout(2500);
    assert.equal(await text(first.page, 'consumed'), held);
    await first.page.keyboard.press('Enter');
    await first.page.waitForFunction((held) => document.querySelector('[data-live="consumed"]').textContent !== held, held, { timeout: PATIENCE_MS });
  });

  for (const [language, locale] of [['fr', 'fr-FR'], ['en', 'en-GB']]) {
    for (const width of [360, 1440]) {
      for (const colorScheme of ['light', 'dark']) {
        await check(`${language}, ${width} px, ${colorScheme}: nothing overflows, axe-core finds nothing, the browser complains of nothing`, async () => {
          const { page, complaints, context } = await open(url, { locale, colorScheme, viewport: { width, height: 900 } });
          assert.equal(await page.locator('html').getAttribute('lang'), language);
          await page.waitForTimeout(1500);
          const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          assert.equal(over, 0, `${over} px too wide`);
          await page.screenshot({ path: join(screenshots, `public-${language}-${width}-${colorScheme}.png`), fullPage: true });
          // axe-core is brought in by the test past the page's own policy, which forbids inline script.
          await page.evaluate(axeSource);
          const { violations } = await page.evaluate(() => globalThis.axe.run());
          assert.deepEqual(violations.map((violation) => [violation.id, violation.nodes.map((node) => node.html)]), []);
          assert.deepEqual(complaints, []);
          await context.close();
        });
      }
    }
  }

  await check('a lost connection is told, and the page recovers when the exchange is back', async () => {
    child.kill('SIGINT');
    assert.equal(await ended(child), 0, 'a clean stop');
    await first.page.waitForFunction(() => {
      const word = document.querySelector('[data-link-word]').textContent;
      return word === document.querySelector('main').dataset.lost;
    }, null, { timeout: PATIENCE_MS });
    child = demo(new URL(url).host);
    assert.equal(await address(child), url);
    const held = await text(first.page, 'consumed');
    await first.page.waitForFunction((held) => document.querySelector('[data-live="consumed"]').textContent !== held, held, { timeout: PATIENCE_MS });
  });
  console.log(`${passed} checks passed; screenshots in ${screenshots}`);
} finally {
  await browser.close();
  child.kill('SIGINT');
  await ended(child);
  rmSync(data, { recursive: true, force: true });
}
