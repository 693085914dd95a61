// Takes pictures of every page, light, dark and narrow, into ./screenshots.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openBrowser, signIn, startTwin } from './twin.mjs';

const out = join(import.meta.dirname, 'screenshots');
mkdirSync(out, { recursive: true });

const given = process.env.TWIN ? JSON.parse(process.env.TWIN) : undefined; // {"address": …, "apiKey": …}
const twin = given ?? (await startTwin());
const browser = await openBrowser();
try {
  for (const [name, colorScheme, width, height] of [
    ['light', 'light', 1360, 900],
    ['dark', 'dark', 1360, 900],
    ['narrow', 'light', 390, 844],
  ]) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme, deviceScaleFactor: width < 500 ? 2 : 1 });
    const shoot = (what) => page.screenshot({ path: join(out, `${name}-${what}.png`), fullPage: true });
    page.on('console', (m) => ['error', 'warning'].includes(m.type()) && console.log(name, m.type(), m.text()));
    await page.goto(twin.address);
    await shoot('start');
    await page.goto(`${twin.address}ui/`);
    await page.getByLabel('API key').waitFor();
    await shoot('sign-in');
    await signIn(page, twin);
    await page.locator('canvas').first().waitFor();
    await page.getByRole('meter').first().waitFor();
    await shoot('overview');
    await page.getByRole('button', { name: /Load shift/ }).first().click();
    await page.getByText('What it rests on').waitFor();
    await page.evaluate(() => Promise.allSettled(document.getAnimations().map((a) => a.finished))); // one whose element has gone is over too
    await page.screenshot({ path: join(out, `${name}-why.png`) });
    await page.keyboard.press('Escape');
    for (const [path, awaited] of [
      ['groups', page.getByRole('meter')],
      ['groups/feeder-0001', page.locator('canvas').nth(1)],
      ['decisions', page.getByRole('button', { name: /Load shift/ })],
      ['forecasts', page.getByRole('row', { name: /^home-/ })],
      ['data-quality', page.getByText('this is not JSON')],
      ['operations', page.getByRole('region', { name: 'Specification' })],
      ['meters', page.getByRole('link', { name: /home-/ })],
    ]) {
      await page.goto(`${twin.address}ui/${path}`);
      await awaited.first().waitFor();
      await shoot(path.replace('/', '-'));
    }
    await page.getByRole('link', { name: /home-000002/ }).click();
    await page.locator('canvas').first().waitFor();
    await page.getByRole('button', { name: /Load shift|No plan/ }).first().waitFor();
    await shoot('meter');
    await page.goto(`${twin.address}docs`);
    await page.getByText('/api/v1/twin').first().waitFor();
    await page.screenshot({ path: join(out, `${name}-docs.png`) });
    await page.close();
  }
} finally {
  await browser.close();
  if (!given) await twin.stop();
}
