// Takes the pictures of docs/images from `energytwin local` with the first sample: pages of
// a twin that runs, and a film of 20 seconds. Needs Chromium, ffmpeg and bin/energytwin.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocal, until } from './local.mjs';
import { openBrowser, signIn } from './twin.mjs';

const root = join(import.meta.dirname, '..', '..');
const out = join(root, 'docs', 'images');
const size = { width: 1280, height: 860 };
const film = { seconds: 20, frames: 8 }; // frames in a second

const frames = mkdtempSync(join(tmpdir(), 'energytwin-film-'));
mkdirSync(out, { recursive: true });
const twin = await startLocal('config/samples/quickstart.yaml');
const browser = await openBrowser();
try {
  const page = await browser.newPage({ viewport: size, colorScheme: 'light' });
  await signIn(page, twin);
  await until(twin, 'twin', (v) => v.counts.decisions > 0, 600_000);
  await page.getByRole('region', { name: 'To do' }).getByRole('listitem').nth(2).waitFor({ timeout: 120_000 });
  await known(page);
  await page.getByRole('region', { name: 'Limits at risk' }).getByRole('link').first().waitFor({ timeout: 900_000 }); // of the next evening
  await settle(page);
  await shoot(page, 'overview');
  await record(page);
  await page.goto(`${twin.address}ui/groups/feeder-0001`);
  await page.locator('canvas').nth(1).waitFor();
  await settle(page);
  await shoot(page, 'group');
  await page.goto(`${twin.address}ui/decisions?about=meter`);
  await page.getByRole('button', { name: /Load shift/ }).first().click();
  await page.getByText('What it rests on').waitFor();
  await settle(page);
  await shoot(page, 'decision');
} finally {
  await browser.close();
  await twin.end();
}
execFileSync('ffmpeg', [
  '-loglevel', 'error', '-y', '-framerate', String(film.frames), '-i', join(frames, '%04d.png'),
  '-vf', 'scale=960:-1:flags=lanczos', '-loop', '0', '-c:v', 'libwebp_anim', '-q:v', '60', '-compression_level', '6', join(out, 'replay.webp'),
], { stdio: 'inherit' });
rmSync(frames, { recursive: true });

/** known waits until what came of it is known: what was saved is once a day with plans is over. */
async function known(page) {
  const figures = page.getByLabel('What came of it').getByRole('definition');
  await figures.first().waitFor();
  await page.waitForFunction((all) => all.every((dd) => dd.textContent.trim() !== '–'), await figures.elementHandles(), { timeout: 900_000 });
}

/** settle waits until drawings and animations have come to rest. */
async function settle(page) {
  await page.waitForTimeout(1_500);
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map((a) => a.finished)));
}

function shoot(page, name) {
  return page.screenshot({ path: join(out, `${name}.png`) });
}

/** record films how somebody finds the feeder at risk, reads why a plan was made, accepts it, and goes elsewhere. */
async function record(page) {
  const dialog = page.getByRole('dialog');
  const steps = [
    async () => {},
    () => page.getByRole('region', { name: 'Limits at risk' }).getByRole('link').first().click(),
    () => page.getByRole('region', { name: 'Risk of exceeding the limit' }).scrollIntoViewIfNeeded(),
    () => page.getByRole('region', { name: 'What is planned' }).getByRole('listitem').first().getByRole('button').click(),
    () => dialog.getByLabel('Comment').fill('The heat pumps wait'),
    () => dialog.getByRole('button', { name: 'Accept' }).click(),
    async () => {
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+k');
      await page.getByLabel('Go to a page, meter, group or decision').pressSequentially('home-00001', { delay: 60 });
    },
    () => page.keyboard.press('Enter'),
  ];
  const framesOfStep = Math.round((film.seconds * film.frames) / steps.length);
  let taken = 0;
  for (const step of steps) {
    await step();
    const began = Date.now();
    for (let i = 0; i < framesOfStep; i++) {
      await page.screenshot({ path: join(frames, `${String(++taken).padStart(4, '0')}.png`) });
      const due = began + ((i + 1) * 1_000) / film.frames;
      if (due > Date.now()) await page.waitForTimeout(due - Date.now());
    }
  }
}
