// What people come to the pages for, in a real browser, with twins that `energytwin local` runs.
// SHORT=1 leaves out what another test nearly covers.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { accessible, loaded, openPage } from './checks.mjs';
import { startLocal, until } from './local.mjs';
import { openBrowser, signIn } from './twin.mjs';

const short = process.env.SHORT === '1'; // of several walks that look for the same, one
const leftOut = short && 'left out of a short run';

const readings = join(import.meta.dirname, '..', '..', '..', 'shared', 'data', 'buildings20_2019.csv.gz');

const dir = mkdtempSync(join(tmpdir(), 'energytwin-files-'));
const twins = {};
let browser;

before(async () => {
  const start = async (name, ...of) => {
    twins[name] = await startLocal(...of);
  };
  await Promise.all([
    start('homes', 'test/ui/twins/homes.yaml'),
    start('running', 'config/samples/quickstart.yaml'),
    start('sun', 'test/ui/twins/sun.yaml', '--readings', sunny()),
    start('outside', 'test/ui/twins/outside.yaml'),
    ...(existsSync(readings) ? [start('buildings', 'config/samples/buildings.yaml', '--readings', readings)] : []),
  ]);
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await Promise.all(Object.values(twins).map((t) => t.end()));
  rmSync(dir, { recursive: true, force: true });
});

/** sunny is a file of three weeks of homes that feed in at noon. */
function sunny() {
  const rows = ['meter_id,timestamp,kwh'];
  const from = Date.UTC(2019, 5, 1);
  for (let h = 0; h < 21 * 24; h++) {
    const at = new Date(from + h * 3_600_000);
    const hour = at.getUTCHours();
    for (let m = 0; m < 5; m++) {
      const sun = hour > 5 && hour < 19 ? (2 + (h % 7) / 10) * Math.sin((Math.PI * (hour - 5)) / 14) : 0;
      const load = 0.4 + (hour > 16 && hour < 22 ? 1.2 + ((h + m) % 5) / 4 : 0);
      rows.push(`sun-${m},${at.toISOString()},${(load - sun).toFixed(3)}`);
    }
  }
  const file = join(dir, 'sun.csv');
  writeFileSync(file, `${rows.join('\n')}\n`);
  return file;
}

/** walk counts the clicks of a task and the time that it takes. */
function walk(what) {
  const began = Date.now();
  let clicks = 0;
  return {
    click: async (locator) => {
      clicks++;
      await locator.click();
    },
    done: (most) => {
      console.log(`${what}: ${clicks} clicks, ${((Date.now() - began) / 1000).toFixed(1)} s`);
      assert.ok(clicks <= most, `${clicks} clicks`);
    },
  };
}

const menu = (page, name) => page.getByRole('navigation', { name: 'Pages', exact: true }).getByRole('link', { name, exact: true });

test('an operator finds the feeder at risk, what to do, and what was saved', async (t) => {
  await until(twins.homes, 'twin', (v) => v.progress >= 1 && v.counts.decisions > 0);
  const page = await openPage(t, browser, twins.homes, { viewport: { width: 1440, height: 900 } });
  await signIn(page, twins.homes);
  const limits = page.getByRole('region', { name: 'Limits at risk' });
  await limits.getByRole('link').first().waitFor({ timeout: 60_000 });
  const task = walk('operator: which feeder, what to do, what was saved');
  await page.getByLabel('What came of it').getByText(/this month/).first().waitFor(); // on the first page
  const feeder = await limits.getByRole('link').first().textContent();
  await task.click(limits.getByRole('link').first());
  await page.getByRole('heading', { name: feeder, level: 1 }).waitFor();
  await page.getByRole('region', { name: 'Risk of exceeding the limit' }).waitFor();
  await task.click(page.getByRole('region', { name: 'What is planned' }).getByRole('listitem').first().getByRole('button').first());
  await page.getByRole('dialog').getByText('What it rests on').waitFor();
  task.done(3);
});

test('what matters most is on the first page without scrolling: three limits, two days ahead, three things to do, and what came of it', async (t) => {
  const page = await openPage(t, browser, twins.homes, { viewport: { width: 1440, height: 900 } });
  await signIn(page, twins.homes);
  const limits = page.getByRole('region', { name: 'Limits at risk' });
  const load = page.getByRole('region', { name: 'Load', exact: true });
  const toDo = page.getByRole('region', { name: 'To do' });
  const figures = page.getByLabel('What came of it');
  await figures.getByText(/promised; \d+ of \d+ days? settled/).waitFor();
  await figures.getByText(/than repeating the week before/).waitFor();
  await load.getByText('Price of a kWh').waitFor();
  assert.equal(await limits.getByRole('listitem').count(), 3);
  assert.equal(await toDo.getByRole('listitem').count(), 3);
  const bottoms = {};
  for (const [name, part] of Object.entries({ limits, load, toDo, figures })) {
    const box = await part.boundingBox();
    bottoms[name] = box.y + box.height;
  }
  console.log('bottom of each part, px:', JSON.stringify(bottoms));
  assert.ok(Math.max(...Object.values(bottoms)) <= 860, JSON.stringify(bottoms)); // of 900: some room for longer names
  const chart = load.getByRole('application').first();
  const before = await chart.boundingBox();
  await chart.hover();
  await load.getByText(/\d–\d\d:00$/).first().waitFor(); // the hour under the cursor stands in the legend
  assert.equal((await chart.boundingBox()).y, before.y, 'the plot moves when the legend shows values');
});

test('what was replayed is gone through again, with the keyboard too', async (t) => {
  const page = await openPage(t, browser, twins.homes);
  await signIn(page, twins.homes);
  const slider = page.getByRole('slider', { name: 'Day of the last four weeks' });
  await slider.focus();
  await page.keyboard.press('ArrowLeft');
  await page.waitForURL(/from=2025-02-09&to=2025-02-12/); // the three days that end before that of now
  assert.equal(await slider.getAttribute('aria-valuetext'), 'Tue 11 Feb');
  await page.getByRole('button', { name: 'Play the last four weeks' }).click();
  await page.waitForURL((url) => url.search === ''); // up to now
  await page.getByRole('button', { name: 'Play the last four weeks' }).waitFor(); // it has ended by itself
  assert.equal(await slider.getAttribute('aria-valuetext'), 'now');
});

test('a researcher sees how good the forecasts are, takes a month as files, and reproduces it', async (t) => {
  const page = await openPage(t, browser, twins.homes);
  await until(twins.homes, 'forecasts/accuracy?by=lead', (v) => v.lines.length > 0);
  await signIn(page, twins.homes);
  const task = walk('researcher: accuracy by hour and meter, three files, how to reproduce');
  await task.click(menu(page, 'Forecasts'));
  await page.getByLabel('By', { exact: true }).selectOption('hour');
  await page.getByRole('region', { name: 'Meters that are hardest to forecast' }).getByRole('row').nth(1).waitFor();
  const { lines: [all] } = await twins.homes.ask('forecasts/accuracy');
  await page.getByRole('region', { name: 'Reliability' }).getByRole('row', { name: `p90 90 % ${Math.round(100 * all.belowP90)} %` }).waitFor();
  for (const what of ['Download forecasts as CSV', 'Download readings as Parquet']) {
    const [file] = await Promise.all([page.waitForEvent('download'), task.click(page.getByRole('link', { name: what }))]);
    assert.match(file.suggestedFilename(), /^homes-(forecasts|history)/);
  }
  await task.click(menu(page, 'Decisions'));
  const [file] = await Promise.all([page.waitForEvent('download'), task.click(page.getByRole('link', { name: 'Download decisions as NDJSON' }))]);
  assert.match(file.suggestedFilename(), /decisions.*\.ndjson$/);
  await task.click(menu(page, 'Operations'));
  const { specHash } = await twins.homes.ask('spec');
  const card = page.getByRole('region', { name: 'How to reproduce this twin' });
  await card.getByText(specHash, { exact: true }).waitFor();
  await card.getByText('energytwin local -f twin.yaml').waitFor();
  task.done(6);
});

test('a platform engineer sees health, lag, what was rejected and why, and who has keys', async (t) => {
  const page = await openPage(t, browser, twins.homes);
  await signIn(page, twins.homes);
  const task = walk('platform engineer: health, lag, rejected, keys');
  await task.click(menu(page, 'Operations'));
  await page.getByRole('region', { name: 'Partitions' }).getByRole('row').nth(1).waitFor();
  await task.click(menu(page, 'Data quality'));
  await page.getByRole('heading', { name: 'Data quality', level: 1 }).waitFor();
  await loaded(page);
  await task.click(page.getByRole('button', { name: /Account/ }));
  await task.click(page.getByRole('menuitem', { name: 'Settings' }));
  await page.getByRole('region', { name: 'API keys' }).getByRole('row', { name: /local/ }).first().waitFor();
  task.done(4);
});

test('the feeder at risk is found with the keyboard alone', async (t) => {
  const page = await openPage(t, browser, twins.homes);
  await signIn(page, twins.homes);
  const link = page.getByRole('region', { name: 'Limits at risk' }).getByRole('link').first();
  await link.waitFor();
  const feeder = await link.textContent();
  for (let i = 0; i < 60 && !(await link.evaluate((e) => e === document.activeElement)); i++) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: feeder, level: 1 }).waitFor();
  const plan = page.getByRole('region', { name: 'What is planned' }).getByRole('listitem').first().getByRole('button').first();
  await plan.waitFor();
  for (let i = 0; i < 120 && !(await plan.evaluate((e) => e === document.activeElement)); i++) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByText('What it rests on').waitFor();
});

/** pagesOf are the addresses of all pages of a twin. */
async function pagesOf(twin) {
  const [meter] = await twin.ask('meters?limit=1');
  const [group] = await twin.ask('groups');
  const [decision] = await twin.ask('decisions?limit=1');
  return [
    '', 'groups', 'decisions', 'forecasts', 'data-quality', 'operations', 'settings', 'meters',
    ...(meter ? [`meters/${encodeURIComponent(meter.id)}`] : []),
    ...(group ? [`groups/${encodeURIComponent(group.id)}`] : []),
    ...(decision ? [`decisions/${decision.id}`] : []),
  ];
}

/** narrowEnough fails where a page is wider than the window. */
async function narrowEnough(page, where) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${where} is ${wide} px wider than the window`);
}

/** walkAll opens every page in a theme and at a width. */
async function walkAll(t, twin, { colorScheme = 'light', width = 1280, axe = true } = {}) {
  const page = await openPage(t, browser, twin, { colorScheme, viewport: { width, height: 900 } });
  await signIn(page, twin);
  for (const path of await pagesOf(twin)) {
    const where = `${path || 'the first page'}, ${colorScheme}, ${width} px`;
    await page.goto(`${twin.address}ui/${path}`);
    await loaded(page);
    assert.equal(await page.locator('main').getByText('This could not be loaded').count(), 0, where);
    if (axe) await accessible(page, where);
    await narrowEnough(page, where);
  }
}

test('every page of a twin that runs opens, light', { skip: leftOut }, async (t) => {
  await until(twins.running, 'twin', (v) => v.counts.decisions > 0);
  await walkAll(t, twins.running);
});
test('every page of homes with limits opens, dark', (t) => walkAll(t, twins.homes, { colorScheme: 'dark' }));
test('every page of homes with limits fits a telephone', { skip: leftOut }, (t) => walkAll(t, twins.homes, { width: 390, axe: false }));
test('every page of homes with limits fits 320 px', (t) => walkAll(t, twins.homes, { width: 320, axe: false }));

test('a replay that has ended, of homes that feed in, is described as it is', async (t) => {
  await until(twins.sun, 'twin', (v) => v.progress >= 1 && v.counts.decisions > 0);
  const [group] = await twins.sun.ask('groups');
  assert.equal(group.id, 'lane');
  await walkAll(t, twins.sun);
  const page = await openPage(t, browser, twins.sun);
  await signIn(page, twins.sun);
  await page.getByText('the replay has ended').first().waitFor();
  await page.goto(`${twins.sun.address}ui/meters?sort=lastKwh`);
  await page.getByRole('img', { name: /^−\d/ }).first().waitFor(); // feeds in
});

test('a twin that has seen nothing waits for readings from outside', async (t) => {
  await walkAll(t, twins.outside);
  const page = await openPage(t, browser, twins.outside);
  await signIn(page, twins.outside);
  await page.getByText('waiting for readings from outside').first().waitFor();
  await page.getByText('No readings yet').waitFor();
});

test('every page of 20 buildings opens', { skip: existsSync(readings) ? false : 'no file of 20 buildings beside this clone' }, async (t) => {
  await until(twins.buildings, 'twin', (v) => v.counts.decisions > 0);
  await walkAll(t, twins.buildings);
});

test('what ends is explained, and signing in leads back', async (t) => {
  const twin = twins.running;
  const page = await openPage(t, browser, twin);
  page.removeAllListeners('console'); // the browser logs the 401s that this is about
  await signIn(page, twin, 'meters?status=ok');
  await page.getByRole('table').waitFor();
  await fetch(`${twin.address}api/v1/sessions`, { method: 'DELETE', headers: { 'X-API-Key': twin.apiKey } });
  await page.getByText('This session was ended').waitFor({ timeout: 120_000 });
  await accessible(page, 'the sign-in of a session that was ended');
  await page.getByLabel('API key').fill(twin.apiKey);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('table').waitFor();
  assert.match(page.url(), /\/ui\/meters\?status=ok/);
});

test('a twin that is stopped and started again is shown so, without a reload', async (t) => {
  const page = await openPage(t, browser, twins.sun);
  page.removeAllListeners('console'); // requests that fail are logged
  await signIn(page, twins.sun);
  await page.getByText('the replay has ended').first().waitFor();
  await twins.sun.stop();
  await page.getByRole('alert').getByText('The twin does not answer.').waitFor({ timeout: 120_000 });
  await twins.sun.start();
  await page.getByRole('alert').getByText('The twin does not answer.').waitFor({ state: 'detached', timeout: 120_000 });
  await page.getByText('the replay has ended').first().waitFor();
});
