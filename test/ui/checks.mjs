// What holds for every page.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** openPage is a page of a twin that fails the test when anything goes wrong in the browser. */
export async function openPage(t, browser, twin, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  const wrong = [];
  page.on('pageerror', (e) => wrong.push(String(e)));
  page.on('console', (m) => {
    // That nobody has signed in yet, or that there are no webhooks, is no fault, though a browser logs it.
    if (m.type() === 'error' && !/\/api\/v1\/(session|webhooks)$/.test(m.location().url)) wrong.push(m.text());
  });
  page.on('request', (r) => {
    if (!r.url().startsWith(new URL(twin.address).origin) && !/^(data|blob):/.test(r.url())) wrong.push(`asked ${r.url()}`);
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(wrong, [], 'errors in the browser, or requests to other servers');
  });
  return page;
}

/** accessible checks a page against WCAG 2.2 A and AA. */
export async function accessible(page, where) {
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map((a) => a.finished))); // one whose element has gone is over too
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }),
  );
  const found = violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 160)} ${n.failureSummary}`));
  assert.deepEqual(found, [], where);
}

/** loaded waits until a page shows what it has asked for. */
export async function loaded(page) {
  await page.waitForFunction(() => document.querySelector('main h1') && !document.querySelector('main .mantine-Skeleton-root') && !document.querySelector('main [aria-busy=true]'), undefined, { timeout: 60_000 });
}
