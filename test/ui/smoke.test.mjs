// What a person does with the twin, in a real browser.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { accessible, openPage } from './checks.mjs';
import { openBrowser, signIn, startTwin } from './twin.mjs';

let twin;
let browser;

before(async () => {
  twin = await startTwin('-base-path', '/twins/riverside', '-webhooks');
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await twin?.stop();
});

/** open is a page that fails the test when anything goes wrong in the browser. */
const open = (t, options) => openPage(t, browser, twin, options);

/** download clicks on a link to a file, and reads what comes. */
async function download(page, link) {
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: link }).click()]);
  return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'latin1') };
}

for (const colorScheme of ['light', 'dark']) {
  test(`every page is accessible, ${colorScheme}`, async (t) => {
    const page = await open(t, { colorScheme });
    await page.goto(twin.address);
    await accessible(page, 'start page');
    await page.getByRole('link', { name: /Open the twin/ }).click();
    await page.getByLabel('API key').waitFor();
    await accessible(page, 'sign-in');
    await signIn(page, twin);
    await page.locator('canvas').first().waitFor();
    await page.getByRole('meter').first().waitFor();
    await page.getByRole('button', { name: /Load shift/ }).first().waitFor();
    await page.getByRole('region', { name: 'The last 7 days' }).getByText('Would have saved').waitFor();
    await accessible(page, 'overview');
    await page.getByRole('button', { name: /Load shift/ }).first().click();
    await page.getByText('What it rests on').waitFor();
    await accessible(page, 'why');
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Groups', exact: true }).click();
    await page.getByRole('meter').first().waitFor();
    await accessible(page, 'groups');
    await page.getByRole('link', { name: 'feeder-0001' }).click();
    await page.locator('canvas').nth(1).waitFor();
    await accessible(page, 'group');
    await page.getByRole('link', { name: 'Decisions', exact: true }).click();
    await page.getByRole('button', { name: /Load shift/ }).first().waitFor();
    await accessible(page, 'decisions');
    await page.getByRole('link', { name: 'Data quality', exact: true }).click();
    await page.getByRole('region', { name: 'Rejected messages' }).getByText('this is not JSON').waitFor();
    await page.getByRole('grid', { name: 'Missing hours' }).waitFor();
    await accessible(page, 'data quality');
    await page.getByRole('link', { name: 'Forecasts', exact: true }).click();
    await page.getByRole('row', { name: /^0–1 hours ahead/ }).waitFor();
    await page.getByRole('row', { name: /^home-/ }).first().waitFor();
    await accessible(page, 'forecasts');
    await page.getByRole('link', { name: 'Operations', exact: true }).click();
    await page.getByRole('region', { name: 'Specification' }).waitFor();
    await page.getByRole('region', { name: 'Partitions' }).getByRole('row').nth(1).waitFor();
    await accessible(page, 'operations');
    await page.getByRole('link', { name: 'Meters', exact: true }).click();
    await page.getByRole('link', { name: 'home-000001' }).waitFor();
    await accessible(page, 'meters');
    await page.getByRole('link', { name: 'home-000001' }).click();
    await page.locator('canvas').first().waitFor();
    await page.getByText('Show the numbers').click();
    await page.getByRole('columnheader', { name: 'Measured, kWh' }).waitFor();
    await accessible(page, 'meter');
  });
}

test('a wrong key is reported, the right one opens the twin, and signing out closes it', async (t) => {
  const page = await open(t);
  await page.goto(`${twin.address}ui/`);
  await page.getByLabel('API key').fill('et_wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('not known here').waitFor();
  await signIn(page, twin);
  await page.getByRole('heading', { name: 'riverside' }).waitFor();
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.ok(!stored.includes(twin.apiKey), 'no script can read the key');
  await page.getByRole('button', { name: /Account/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByLabel('API key').waitFor();
  await page.reload();
  await page.getByLabel('API key').waitFor();
});

test('a decision explains itself, with the keyboard alone', async (t) => {
  const page = await open(t);
  await signIn(page, twin);
  const first = page.getByRole('button', { name: /Load shift/ }).first();
  await first.focus();
  await page.keyboard.press('Enter');
  const why = page.getByRole('dialog');
  await why.getByRole('heading', { name: 'What weighed in it' }).waitFor();
  await why.getByRole('img', { name: /Plan by hour/ }).waitFor();
  await page.keyboard.press('Escape');
  await why.waitFor({ state: 'hidden' });
  assert.ok(await first.evaluate((e) => e === document.activeElement), 'the focus is back where it was');
});

test('the last week is summed up as the API has it', async (t) => {
  const page = await open(t);
  await signIn(page, twin);
  const card = page.getByRole('region', { name: 'The last 7 days' });
  await card.getByText('Would have saved').waitFor();
  const { data } = await page.evaluate(async () => (await fetch('../api/v1/kpis')).json());
  const [week] = data.periods;
  assert.ok(week.decisions > 0 && week.realised.energy > 0, JSON.stringify(week));
  const pounds = new Intl.NumberFormat('en-GB', { style: 'currency', currency: 'GBP' });
  for (const amount of [week.promised.energy, week.realised.energy, week.cost]) {
    await card.locator('dd', { hasText: pounds.format(amount) }).first().waitFor();
  }
  await card.getByText(`${week.settledDays} of ${week.days} days settled`).waitFor();
  await card.getByText('no carbon intensity is known').waitFor();
});

test('a decision shows what each device does, and its realised saving beside the promised one', async (t) => {
  const page = await open(t);
  await signIn(page, twin, 'meters/home-000006');
  await page.getByRole('button', { name: /over/ }).first().click();
  const why = page.getByRole('dialog');
  await why.getByRole('img', { name: /^Battery: change by hour/ }).waitFor();
  await why.getByRole('img', { name: /^Car: change by hour/ }).waitFor();
  await why.getByRole('columnheader', { name: 'Promised' }).waitFor();
  await why.getByRole('row', { name: /^Saving on energy £.* £/ }).waitFor();
  await why.getByText('Nobody followed this plan').waitFor();
  await accessible(page, 'the outcome');
});

test('meters are found, sorted, and open at their own address', async (t) => {
  const page = await open(t);
  await signIn(page, twin, 'meters');
  await page.getByRole('link', { name: 'home-000001' }).waitFor();
  await page.getByLabel('Search meters').fill('00002');
  await page.getByRole('link', { name: 'home-000001' }).waitFor({ state: 'detached' });
  assert.equal(await page.getByRole('link', { name: /home-/ }).count(), 11);
  await page.getByRole('button', { name: /Last hour/ }).click();
  await page.locator('th[aria-sort=ascending]').getByText('Last hour').waitFor();
  await page.getByLabel('Search meters').fill('no such meter');
  await page.getByText('No meter found').waitFor();
  await page.goto(`${twin.address}ui/meters/home-000007`);
  await page.getByRole('heading', { name: 'home-000007' }).waitFor();
  await page.getByRole('img', { name: /Newest measured hour/ }).waitFor();
  await page.getByRole('img', { name: /^Price of a kWh by hour, £0.12 to £0.42/ }).waitFor();
  const file = await download(page, 'Download readings as CSV');
  assert.match(file.name, /^riverside-history-home-000007-2019-\d\d-\d\d-2019-\d\d-\d\d\.csv$/);
  assert.match(file.text, /^key,at,kwh,hours,partial\nhome-000007,2019-/);
});

test('a meter that does not exist is reported', async (t) => {
  const page = await open(t);
  page.removeAllListeners('console'); // the browser logs the 404 that this is about
  await signIn(page, twin, 'meters/nobody');
  await page.getByText('there is no meter "nobody"').waitFor();
});

test('the API documentation works without any other server', async (t) => {
  const page = await open(t);
  await page.goto(`${twin.address}docs`);
  await page.getByText('/api/v1/twin', { exact: true }).waitFor();
  await page.getByRole('heading', { name: /EnergyTwin/ }).waitFor();
  await accessible(page, 'the documentation');
  await page.getByRole('button', { name: /get .*\/api\/v1\/twin$/ }).click();
  await page.getByRole('button', { name: 'Execute' }).waitFor();
  await accessible(page, 'an operation of it');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.locator('html.dark-mode').waitFor();
  await accessible(page, 'an operation of it, dark');
});

for (const width of [320, 360, 2560]) {
  test(`a window of ${width} px needs no scrolling sideways, and is used`, async (t) => {
    const page = await open(t, { viewport: { width, height: 800 } });
    await signIn(page, twin);
    await page.locator('canvas').first().waitFor();
    await page.getByRole('meter').first().waitFor();
    for (const path of ['', 'groups', 'groups/feeder-0001', 'decisions', 'data-quality', 'forecasts', 'operations', 'settings', 'meters', 'meters/home-000002']) {
      await page.goto(`${twin.address}ui/${path}`);
      await page.locator('canvas, [role=meter], main button svg, main code, main table').first().waitFor();
      const [wide, window, used] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth, document.querySelector('main').clientWidth]);
      assert.ok(wide <= window, `${path}: ${wide} px in a window of ${window} px`);
      assert.ok(used >= 0.7 * window, `${path}: ${used} px of ${window} px are used`);
    }
  });
}

test('a twin that has seen nothing yet shows that', async (t) => {
  const fresh = await startTwin('-empty');
  t.after(() => fresh.stop());
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  await signIn(page, fresh);
  await page.getByText('No readings yet').waitFor();
  await page.getByText('No decisions yet').waitFor();
  await page.getByText('Nothing to sum up').waitFor();
  await page.getByText('No groups').waitFor();
  await page.goto(`${fresh.address}ui/settings`);
  await page.getByText('This twin sends no webhooks').waitFor();
  await page.getByText('spec.api.webhooks.enabled: true').waitFor();
});

test('what was rejected, and how the file was read, is on the first page', async (t) => {
  const page = await open(t);
  await signIn(page, twin);
  const card = page.getByRole('region', { name: 'Data quality' });
  await card.getByRole('heading', { name: 'Rejected rows of the file 3' }).waitFor();
  await card.getByText('the value is not a number').first().waitFor();
  await card.getByRole('heading', { name: 'Rejected messages 3' }).waitFor();
  await card.getByText('The rows', { exact: true }).click();
  await card.getByText('home-000001,2019-01-01T15:00:00Z,much').waitFor();
  await card.getByText('to change it, set spec.dataset.layout.unit').waitFor();
  await accessible(page, 'data quality');
});

test('a limit at risk stands at the top of the first page, and leads to its group', async (t) => {
  const page = await open(t);
  await signIn(page, twin);
  const card = page.getByRole('region', { name: 'Limits at risk' });
  await card.getByText(/above 6 kW (today|tomorrow), \d\d:00–\d\d:00: .* kWh expected above it, and (> )?\d+ % without plans/).waitFor();
  assert.equal(await page.getByRole('region').first().getByRole('heading').first().textContent(), 'Limits at risk');
  await accessible(page, 'limits at risk');
  await card.getByRole('link', { name: 'feeder-0004' }).click();
  await page.getByRole('heading', { name: 'feeder-0004', level: 1 }).waitFor();
});

test('from the first page to the feeder at risk, and to what is planned for it, in two clicks', async (t) => {
  const page = await open(t);
  await signIn(page, twin);
  await page.getByRole('region', { name: 'Groups' }).getByRole('link', { name: 'feeder-0001' }).click();
  await page.getByRole('heading', { name: 'feeder-0001', level: 1 }).waitFor();
  const { data } = await page.evaluate(async () => (await fetch('../api/v1/groups/feeder-0001/forecasts?limit=1')).json());
  const probable = Math.max(...data[0].points.map((p) => p.exceedanceBefore));
  assert.ok(probable > 0.05, `the limit is at risk: ${probable}`);
  await page.getByRole('region', { name: 'Risk of exceeding the limit' }).getByRole('img', { name: /Probability by hour/ }).waitFor();
  await page.getByRole('region', { name: 'What is planned' }).getByRole('listitem').first().getByRole('button').click();
  await page.getByRole('dialog').getByText('What it rests on').waitFor();
});

test('a decision is answered where its reasons are, and shows who answered what', async (t) => {
  const page = await open(t);
  await signIn(page, twin, 'decisions?feedback=none');
  await page.locator('li').filter({ hasText: 'under way' }).getByRole('button').first().click();
  const why = page.getByRole('dialog');
  await why.getByLabel('Comment').fill('The heat pump waits');
  await why.getByRole('button', { name: 'Accept' }).click();
  await why.getByText(/^Accepted by /).waitFor();
  await why.getByText('The heat pump waits').waitFor();
  await why.getByRole('button', { name: 'Snooze' }).click();
  await why.getByRole('menuitem', { name: 'for an hour' }).click();
  await why.getByText(/^Snoozed by .*, until /).waitFor();
  await accessible(page, 'an answered decision');
});

test('several decisions are answered at once', async (t) => {
  const page = await open(t);
  await signIn(page, twin, 'decisions?feedback=none&about=meter');
  const rows = page.locator('li').filter({ hasText: 'under way' });
  for (const at of [0, 1]) await rows.nth(at).getByRole('checkbox').check();
  const bar = page.getByRole('region', { name: 'Answer to picked decisions' });
  await bar.getByText('2 decisions picked').waitFor();
  await accessible(page, 'picked decisions');
  await bar.getByRole('button', { name: 'Reject' }).click();
  await bar.getByText('Rejected: 2 decisions.').waitFor();
  await page.goto(`${twin.address}ui/decisions?feedback=rejected&about=meter`);
  await page.getByText(/· rejected$/).nth(1).waitFor();
  assert.equal(await page.getByText(/· rejected$/).count(), 2);
});

test('a few letters lead to a meter, a page or a decision, with the keyboard alone', async (t) => {
  const page = await open(t);
  await signIn(page, twin);
  await page.keyboard.press('Control+k');
  const box = page.getByLabel('Go to a page, meter, group or decision');
  await box.fill('qual');
  await page.getByRole('option', { name: 'Data quality' }).waitFor();
  await box.fill('home-000002');
  await page.getByRole('group', { name: 'Meters' }).getByRole('option', { name: /home-000002/ }).waitFor();
  await accessible(page, 'the palette');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'home-000002', level: 1 }).waitFor();
  await page.keyboard.press('?');
  const keys = page.getByRole('dialog', { name: 'Keys' });
  await keys.getByText('Go to a page, meter, group or decision').waitFor();
  await accessible(page, 'the list of keys');
  await page.keyboard.press('Escape');
  await keys.waitFor({ state: 'detached' });
});

test('what a card shows comes from one call, which is copied as curl', async (t) => {
  const page = await open(t);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await signIn(page, twin, 'groups/feeder-0001');
  await page.getByRole('button', { name: 'Copy Risk of exceeding the limit as curl' }).click();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  const [, address] = command.match(/^curl -H "X-API-Key: \$KEY" '(.*)'$/);
  const answer = await fetch(address, { headers: { 'X-API-Key': twin.apiKey } });
  assert.equal(answer.status, 200);
  assert.ok((await answer.json()).data[0].points.length > 0);
});

test('every card with figures of the API is copied as curl, and each command answers', async (t) => {
  const page = await open(t);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await signIn(page, twin);
  const [{ id }] = (await (await fetch(`${twin.address}api/v1/decisions?limit=1`, { headers: { 'X-API-Key': twin.apiKey } })).json()).data;
  const curls = page.locator('main').getByRole('button', { name: /^Copy .* as curl$/ });
  for (const [path, cards] of Object.entries({
    '': 10,
    groups: 1,
    'groups/feeder-0001': 7,
    decisions: 1,
    [`decisions/${id}`]: 2,
    meters: 1,
    'meters/home-000001': 4,
    forecasts: 4,
    'data-quality': 5,
    operations: 3,
    settings: 3,
  })) {
    await page.goto(`${twin.address}ui/${path}`);
    await curls.nth(cards - 1).waitFor();
    for (const button of await curls.all()) {
      await button.click();
      const [, address] = (await page.evaluate(() => navigator.clipboard.readText())).match(/^curl -H "X-API-Key: \$KEY" '(.*)'$/);
      const answer = await fetch(address, { headers: { 'X-API-Key': twin.apiKey } });
      assert.equal(answer.status, 200, `${path}: ${address}`);
    }
    const without = await page.locator('main section[aria-labelledby]').filter({ hasNot: page.getByRole('button', { name: /^Copy .* as curl$/ }) }).getByRole('heading', { level: 2 }).allTextContents();
    assert.deepEqual(without.filter((card) => !['As files', 'This browser'].includes(card)), [], path);
  }
});

test('what matters most is on the first page without scrolling', async (t) => {
  const page = await open(t, { viewport: { width: 1440, height: 900 } });
  await signIn(page, twin);
  const list = page.getByLabel('What came of it');
  await list.getByText(/promised; \d+ of \d+ days? settled/).waitFor();
  for (const part of [page.getByRole('region', { name: 'Limits at risk' }), page.getByRole('region', { name: 'Load' }), page.getByRole('region', { name: 'To do' }), list]) {
    const box = await part.boundingBox();
    assert.ok(box.y >= 0 && box.y + box.height <= 900, JSON.stringify(box));
  }
  assert.equal(await page.getByRole('region', { name: 'To do' }).getByRole('listitem').count(), 3);
});

test('what is shown is in the address: a link opens it, and Back undoes a choice', async (t) => {
  const page = await open(t);
  await signIn(page, twin, 'decisions');
  await page.getByText('Over', { exact: true }).click();
  await page.getByRole('button', { name: /· over/ }).first().click();
  const why = page.getByRole('dialog');
  await why.getByText('What it rests on').waitFor();
  assert.match(page.url(), /\?status=past&decision=/);
  await page.reload();
  await why.getByText('What it rests on').waitFor();
  await page.goBack();
  await why.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: /· over/ }).first().waitFor();
  await page.goForward();
  await why.getByRole('link', { name: 'Open on a page of its own' }).click();
  await page.getByRole('heading', { name: 'Why this decision', level: 1 }).waitFor();
  assert.match(page.url(), /\/decisions\/[0-9a-f-]{36}$/);
  assert.match(await page.title(), /^home-\d+: .+ · riverside · EnergyTwin$|^feeder-\d+: .+ · riverside · EnergyTwin$/);
});

test('an address that leads nowhere is reported, and odd names are taken as they are', async (t) => {
  const page = await open(t);
  page.removeAllListeners('console'); // the browser logs the 404s that this is about
  await signIn(page, twin, 'nowhere');
  await page.getByRole('heading', { name: 'Page not found' }).waitFor();
  for (const name of ['100%', 'id%20x', 'a/b', 'é ü']) {
    await page.goto(`${twin.address}ui/meters/${encodeURIComponent(name)}`);
    await page.getByText(`there is no meter "${name}"`).waitFor();
  }
});

test('a twin that stops answering looks like it', async (t) => {
  const mortal = await startTwin();
  t.after(() => mortal.stop());
  const context = await browser.newContext({ reducedMotion: 'reduce' });
  t.after(() => context.close());
  const page = await context.newPage();
  await signIn(page, mortal);
  await page.locator('canvas').first().waitFor();
  await page.getByText('up to date').waitFor();
  await mortal.stop();
  await page.getByRole('alert').getByText('The twin does not answer.').waitFor();
  await page.getByText('does not answer', { exact: true }).waitFor();
  await page.getByRole('alert').getByText('kubectl energytwin resume riverside -n demo').waitFor();
  assert.equal(await page.getByText('up to date').count(), 0);
  await accessible(page, 'a twin that does not answer');
});

test('every rejected message is shown with its bytes and the reason', async (t) => {
  const page = await open(t);
  await signIn(page, twin);
  await page.getByRole('region', { name: 'Data quality' }).getByRole('link', { name: 'All about it' }).click();
  const messages = page.getByRole('region', { name: 'Rejected messages' });
  await messages.getByText('this is not JSON').waitFor();
  assert.equal(await messages.getByRole('listitem').count(), 3);
  await messages.getByLabel('Reason').selectOption('bad_timestamp');
  await messages.getByText('this is not JSON').waitFor({ state: 'detached' });
  await messages.getByText('"ts":"yesterday"').waitFor();
  assert.equal(await messages.getByRole('listitem').count(), 2);
  assert.match(page.url(), /data-quality\?reason=bad_timestamp$/);
  await page.getByRole('region', { name: 'The file of readings' }).getByText('The rows', { exact: true }).click();
  await page.getByText('home-000001,2019-01-01T15:00:00Z,much').waitFor();
});

test('the accuracy of forecasts is that of the API, by hour and by meter', async (t) => {
  const page = await open(t);
  await signIn(page, twin, 'forecasts');
  await page.getByLabel('By', { exact: true }).selectOption('weekday');
  const ask = (by) => page.evaluate(async (by) => (await (await fetch(`../api/v1/forecasts/accuracy?by=${by}&from=now-8d`)).json()).data.lines, by);
  const [monday] = await ask('weekday');
  const row = page.getByRole('region', { name: 'Error beside that of the week before' }).getByRole('row', { name: /^Monday/ });
  await row.getByText(Number(monday.relMae.toPrecision(3)).toString(), { exact: true }).waitFor();
  await row.getByText(`${Math.round(monday.coverage * 100)} %`, { exact: true }).waitFor();
  const worst = (await ask('meter')).sort((a, b) => b.relMae - a.relMae)[0].key;
  await page.getByRole('region', { name: 'Meters that are hardest to forecast' }).getByRole('row').nth(1).getByRole('link', { name: worst }).click();
  await page.getByRole('heading', { name: worst, level: 1 }).waitFor();
});

test('forecasts, readings, decisions and key figures of all meters are files', async (t) => {
  const page = await open(t);
  await signIn(page, twin, 'forecasts?range=now-29d');
  const forecasts = await download(page, 'Download forecasts as CSV');
  assert.match(forecasts.name, /^riverside-forecasts-2019-.*\.csv$/);
  const meters = new Set(forecasts.text.split('\n').slice(1, -1).map((l) => l.split(',')[0]));
  const { page: all } = await page.evaluate(async () => (await fetch('../api/v1/meters?limit=1000')).json());
  assert.equal(all.hasMore, false);
  assert.equal(meters.size, await page.evaluate(async () => (await (await fetch('../api/v1/meters?limit=1000')).json()).data.length));
  const readings = await download(page, 'Download readings as Parquet');
  assert.match(readings.name, /\.parquet$/);
  assert.match(readings.text, /^PAR1[^]*PAR1$/);
  assert.match((await download(page, 'Download key figures by day as NDJSON')).text, /^\{"scope":"meter","id":"home-000001"/);
  await page.goto(`${twin.address}ui/decisions?status=past&about=group`);
  const decisions = await download(page, 'Download decisions as NDJSON');
  const rows = decisions.text.trim().split('\n').map((l) => JSON.parse(l));
  assert.ok(rows.length > 0 && rows.every((d) => d.status === 'past' && d.meter === null), 'the file has what the filters leave');
});

test('a meter shows which of its hours are missing, day by day', async (t) => {
  const page = await open(t);
  await signIn(page, twin, 'meters/home-000001');
  const card = page.getByRole('region', { name: 'Data quality' });
  const { data } = await page.evaluate(async () => (await fetch('../api/v1/meters/home-000001/data-quality?from=now-12w')).json());
  const day = data.days.find((d) => d.missing > 0);
  await card.getByText(`${day.missing} missing of ${day.hours} hours`).first().waitFor();
  assert.equal(await card.getByRole('table', { name: 'Days' }).locator('td[data-lack=none]').count(), data.days.filter((d) => d.missing + d.suspect === 0).length);
  await card.getByRole('listitem').getByText(/^1 h from /).waitFor();
});

test('the first page comes in few files, and asks once for what it shows', async (t) => {
  const page = await open(t);
  const asked = [];
  page.on('request', (r) => asked.push(new URL(r.url()).pathname.replace('/twins/riverside', '') + new URL(r.url()).search));
  const questions = () => asked.filter((a) => a.startsWith('/api/v1/'));
  await page.goto(`${twin.address}ui/`);
  await page.getByLabel('API key').waitFor();
  assert.deepEqual(questions().sort(), ['/api/v1/session', '/api/v1/sign-in'], 'nothing but the ways in is asked for without a session');
  await signIn(page, twin);
  await page.locator('canvas').first().waitFor();

  asked.length = 0;
  await page.goto(`${twin.address}ui/`);
  await page.locator('canvas').first().waitFor();
  await page.getByLabel('What came of it').getByText(/the week before|Known a week/).waitFor();
  const files = asked.filter((a) => /^\/ui\/assets\/.*\.(js|css)$/.test(a));
  assert.ok(files.length <= 6, files.join(' '));
  const often = (question) => /\/(twin|stream)/.test(question); // asked for again and again
  const once = questions().filter((q) => !often(q));
  assert.deepEqual(once, [...new Set(once)]);
  assert.ok(once.includes('/api/v1/load?from=now-72h'), once.join(' '));

  asked.length = 0;
  await page.goto(`${twin.address}ui/?range=now-24h`);
  await page.locator('canvas').first().waitFor();
  assert.deepEqual(questions().filter((q) => q.startsWith('/api/v1/load')), ['/api/v1/load?from=now-24h'], 'the range of the address alone is asked for');
});

test('groups that hold others are a tree, and each page leads up and down', async (t) => {
  const nested = await startTwin('-days', '8', '-meters', '16', '-nested');
  const page = await openPage(t, browser, nested);
  t.after(() => nested.stop()); // after the page, which would notice
  await signIn(page, nested, 'groups');
  const below = page.getByRole('list', { name: 'Groups of substation' });
  await below.getByRole('link').nth(2).waitFor();
  assert.deepEqual((await below.getByRole('link').allTextContents()).sort(), ['feeder-0001', 'feeder-0002', 'feeder-0003']);
  assert.equal(await page.getByRole('link', { name: 'feeder-0004' }).count(), 1);
  assert.equal(await below.getByRole('link', { name: 'feeder-0004' }).count(), 0);
  await accessible(page, 'a tree of groups');
  await page.getByRole('link', { name: 'substation' }).click();
  await page.getByText('Holds feeder-0001, feeder-0002, feeder-0003').waitFor();
  await page.getByRole('main').getByRole('link', { name: 'feeder-0002' }).first().click();
  await page.getByText('Part of substation').getByRole('link').click();
  await page.getByRole('heading', { name: 'substation', level: 1 }).waitFor();
  await accessible(page, 'a group that holds others');
});

test('the missing hours of all meters are a map by group and day, for the keyboard too', async (t) => {
  const page = await open(t);
  await signIn(page, twin, 'data-quality');
  const card = page.getByRole('region', { name: 'Missing hours' });
  const grid = card.getByRole('grid', { name: 'Missing hours' });
  await grid.waitFor();
  const { data } = await page.evaluate(async () => (await fetch('../api/v1/data-quality/missing?from=now-8w')).json());
  assert.ok(data.missing > 0);
  await card.getByText(`${data.missing.toLocaleString('en-GB')} of the ${data.hours.toLocaleString('en-GB')} hours are missing`).waitFor();
  assert.equal(await grid.locator('tbody tr').count(), data.groups.length + 1);
  const [worst] = data.groups;
  const row = grid.getByRole('row').filter({ has: page.getByRole('rowheader', { name: worst.id ?? 'Without a group', exact: true }) });
  assert.equal(await row.locator('td[data-level="0"]').count(), worst.missingByDay.filter((n, i) => n === 0 && worst.hoursByDay[i] > 0).length);
  const bad = worst.missingByDay.findIndex((n) => n > 0);
  await row.getByRole('gridcell', { name: `${worst.missingByDay[bad]} of ${worst.hoursByDay[bad]} hours missing` }).first().waitFor();

  await grid.locator('td[tabindex="0"]').focus(); // the newest day of all meters
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Home');
  assert.equal(await row.locator('td[data-column="0"]').evaluate((e) => e === document.activeElement), true);
  assert.equal(await grid.locator('td[tabindex="0"]').count(), 1);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: `Meters of ${worst.id}` }).waitFor();
  await page.goBack();
  await grid.getByRole('link', { name: worst.id }).click();
  await page.getByRole('heading', { name: worst.id }).waitFor();
  await page.goBack();
  await card.getByLabel('Time').selectOption('52');
  await grid.getByRole('gridcell', { name: ' to ' }).first().waitFor();
  assert.match(page.url(), /weeks=52/);
});

test('a key is created, shown once, and revoked', async (t) => {
  const page = await open(t);
  await signIn(page, twin, 'settings');
  await page.getByLabel('Name of a new key').fill('charger-1');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  const made = page.getByRole('status').filter({ hasText: 'is shown this once' });
  const key = await made.locator('code').textContent();
  assert.match(key, /^et_[A-Za-z0-9_-]{43}$/);
  const status = () => page.evaluate(async (k) => (await fetch('../api/v1/twin', { headers: { 'X-API-Key': k }, credentials: 'omit' })).status, key);
  assert.equal(await status(), 200);
  await accessible(page, 'settings');
  await made.getByRole('button', { name: 'I have kept it' }).click();
  const row = page.getByRole('row').filter({ hasText: 'charger-1' });
  await row.getByRole('button', { name: 'Revoke charger-1' }).click();
  await row.getByRole('button', { name: 'Revoke charger-1 for good' }).click();
  await row.getByRole('cell', { name: 'revoked' }).waitFor();
  assert.ok(!(await page.content()).includes(key));
});

test('operations show whether the twin keeps up, and what it follows from', async (t) => {
  const page = await open(t);
  await signIn(page, twin, 'operations');
  const { data } = await page.evaluate(async () => (await fetch('../api/v1/operations')).json());
  for (const { message } of data.conditions) await page.getByText(message.replace(/ (at|\d{4}-).*/, '')).first().waitFor();
  const conditions = await page.getByRole('listitem').filter({ hasText: /^(Fresh|Together|Settled|Relayed)/ }).allInnerTexts();
  assert.equal(conditions.length, data.conditions.length);
  for (const condition of conditions) assert.doesNotMatch(condition, /\dT\d/, 'times are those of the other pages');
  const { data: spec } = await page.evaluate(async () => (await fetch('../api/v1/spec')).json());
  await page.getByRole('region', { name: 'How to reproduce this twin' }).getByText(spec.specHash, { exact: true }).waitFor();
});

test('meters are chosen by group, sorted by any column, and the place is in the address', async (t) => {
  const page = await open(t);
  await signIn(page, twin, 'meters');
  await page.getByRole('status').getByText('60 in all').waitFor();
  await page.getByRole('img', { name: /^[\d.]+ kWh to [\d.]+ kWh$/ }).first().waitFor(); // the last 24 hours
  await page.getByLabel('Group').selectOption('feeder-0002');
  const { data, page: whole } = await page.evaluate(async () => (await fetch('../api/v1/meters?group=feeder-0002&sort=-missingHours&total=true')).json());
  await page.getByRole('status').getByText(`${whole.total} of 60 match`).waitFor();
  await page.getByRole('button', { name: /^Missing/ }).click();
  await page.locator('th[aria-sort=ascending]').getByText('Missing').waitFor();
  await page.getByRole('button', { name: /^Missing/ }).click();
  await page.locator('th[aria-sort=descending]').getByText('Missing').waitFor();
  await page.locator('tbody tr[aria-rowindex="2"]').getByRole('link', { name: data[0].id }).waitFor();
  assert.match(page.url(), /meters\?group=feeder-0002&sort=-missingHours$/);
  await page.reload();
  await page.locator('tbody tr[aria-rowindex="2"]').getByRole('link', { name: data[0].id }).waitFor();
});

test('a table of thousands of meters has the rows that can be seen', async (t) => {
  const large = await startTwin('-meters', '8', '-days', '10', '-crowd', '3000');
  const page = await openPage(t, browser, large);
  t.after(() => large.stop()); // when the page is closed
  await signIn(page, large, 'meters?q=meter-');
  await page.getByRole('status').getByText('3,000 of 3,008 match').waitFor();
  const table = page.getByRole('region', { name: 'Table of meters' });
  await page.getByRole('link', { name: 'meter-000000' }).waitFor();
  await accessible(page, 'a long table');
  await table.evaluate((e) => e.scrollTo(0, e.scrollHeight));
  await page.getByRole('link', { name: 'meter-002999' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'meter-000000' }).count(), 0);
  assert.ok((await page.locator('tbody tr').count()) < 80);
  await page.waitForURL(/row=29\d\d/);
  await page.getByRole('link', { name: 'meter-002999' }).click();
  await page.getByRole('heading', { name: 'meter-002999', level: 1 }).waitFor();
  await page.goBack();
  await page.getByRole('link', { name: 'meter-002999' }).waitFor();
  await page.getByLabel('Search meters').fill('0012');
  await page.getByRole('status').getByText('111 of 3,008 match').waitFor(); // 000012, 00012x and 0012xx
  await page.getByRole('link', { name: 'meter-000012' }).waitFor();
});

test('a group shows what it needed so far: duration, peaks, breaches, contributors', async (t) => {
  const page = await open(t);
  await signIn(page, twin, 'groups/feeder-0004');
  const ask = (path) => page.evaluate(async (path) => (await (await fetch(`../api/v1/${path}`)).json()).data, path);
  const breaches = await ask('groups/feeder-0004/breaches?from=now-90d&to=now');
  assert.ok(breaches.hours > 0);
  const past = page.getByRole('region', { name: 'Breaches of the limit' });
  await past.getByText(new RegExp(`^${breaches.hours} hours?, .* above the limit\\. With all plans followed it would have been ${breaches.hoursWithPlans}\\.$`)).waitFor();
  assert.equal(await past.getByRole('row').count(), 1 + Math.min(8, breaches.hours));
  const [{ points }] = await ask('history?group=feeder-0004&from=now-366d&step=1h&maxPoints=8784&fill=none');
  const above = points.filter((p) => p.kwh > breaches.capacityKw).length;
  await page.getByRole('img', { name: new RegExp(`^Load duration\\. ${above} h .* above the limit of 6 kW`) }).waitFor();
  const [{ points: days }] = await ask('history?group=feeder-0004&from=now-366d&step=1d&agg=max&fill=none');
  const cells = page.getByRole('table', { name: 'Peak of each day' }).locator('td[data-level]');
  await cells.first().waitFor();
  assert.equal(await cells.count(), days.length);
  assert.equal(await page.locator('td[data-level="5"]').count(), days.filter((d) => d.kwh > breaches.capacityKw).length);
  const [greatest] = await ask('meters?group=feeder-0004&sort=-lastKwh&limit=1');
  await page.getByRole('region', { name: 'Who contributes most' }).getByRole('row').nth(1).getByRole('link', { name: greatest.id }).waitFor();
  await accessible(page, 'the past of a group');
});

test('a webhook is created, tested, looked into, and deleted', async (t) => {
  const received = [];
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      received.push({ id: request.headers['webhook-id'], body: JSON.parse(body) });
      response.writeHead(204).end();
    });
  });
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  t.after(() => receiver.close());
  const page = await open(t);
  await signIn(page, twin, 'settings');
  const card = page.getByRole('region', { name: 'Webhooks' });
  await card.getByText('No webhooks').waitFor();
  await card.getByLabel('Name of a new webhook').fill('billing');
  await card.getByLabel('Address of the receiver').fill(`http://127.0.0.1:${receiver.address().port}/hook`);
  await card.getByLabel('decision').check();
  await card.getByLabel('Groups (none: all)').fill('feeder-0001');
  await card.getByRole('button', { name: 'Create webhook' }).click();
  const made = card.getByRole('status').filter({ hasText: 'is shown this once' });
  assert.match(await made.locator('code').textContent(), /^whsec_/);
  await accessible(page, 'a new webhook');
  await made.getByRole('button', { name: 'I have kept it' }).click();
  await card.getByText('Gets events of the kind decision about feeder-0001').waitFor();
  await card.getByRole('button', { name: 'Send a test to billing' }).click();
  await card.getByText(/^The test was delivered: 204 in \d+ ms/).waitFor();
  assert.equal(received[0].body.type, 'twin.test');
  await card.getByRole('button', { name: 'Deliveries of billing' }).click();
  const message = card.getByRole('row').filter({ hasText: 'delivered' });
  await message.getByRole('cell', { name: /^204 in/ }).waitFor();
  await message.getByRole('button', { name: /^Body of / }).click();
  await card.getByText('"type": "twin.test"').waitFor();
  await accessible(page, 'deliveries of a webhook');
  await message.getByRole('button', { name: /^Send again/ }).click();
  for (let i = 0; i < 1200 && received.length < 2; i++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(received[1].id, received[0].id);
  await card.getByRole('button', { name: 'New secret for billing' }).click();
  await card.getByRole('status').filter({ hasText: 'is shown this once' }).waitFor();
  await card.getByRole('button', { name: 'Turn off billing' }).click();
  await card.getByText('paused', { exact: true }).waitFor();
  await card.getByRole('button', { name: 'Turn on billing' }).click();
  await card.getByText('active', { exact: true }).waitFor();
  await card.getByRole('button', { name: 'Delete billing' }).click();
  await card.getByRole('button', { name: 'Delete billing for good' }).click();
  await card.getByText('No webhooks').waitFor();
});

test('the specification is YAML that can be copied', async (t) => {
  const page = await open(t);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await signIn(page, twin, 'operations');
  const card = page.getByRole('region', { name: 'How to reproduce this twin' });
  await card.getByRole('button', { name: 'Copy the YAML' }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /^specHash: 3f9c2e7a51d8\ntimezone: Europe\/London\ndataset:\n/);
  await card.getByRole('button', { name: 'Copy the commands' }).click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^kubectl -n demo get digitaltwin riverside -o yaml/);
});

test('a key that is revoked ends its session, which is explained, and another key leads back', async (t) => {
  const page = await open(t);
  page.removeAllListeners('console'); // the browser logs the 401s that this is about
  const ask = async (method, path, body) => {
    const answer = await fetch(`${twin.address}api/v1/${path}`, { method, headers: { 'X-API-Key': twin.apiKey, 'Content-Type': 'application/json' }, ...(body && { body: JSON.stringify(body) }) });
    return answer.status === 204 ? undefined : (await answer.json()).data;
  };
  const brief = await ask('POST', 'keys', { name: 'brief', scope: 'read' });
  await signIn(page, { ...twin, apiKey: brief.key }, 'decisions?status=past');
  await page.getByRole('button', { name: /· over/ }).first().waitFor();
  await ask('DELETE', `keys/${brief.id}`);
  await page.getByRole('link', { name: 'Data quality', exact: true }).click();
  await page.getByRole('status').getByText('The API key brief has ended').waitFor({ timeout: 120_000 });
  await accessible(page, 'why a session is over');
  await page.getByLabel('API key').fill(twin.apiKey);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Data quality', level: 1 }).waitFor();
});

test('people sign in at an issuer, a session that expires is explained, and guessing is slowed down at the sign-in alone', async (t) => {
  const open = await startTwin('-meters', '8', '-days', '10', '-issuer', '-session', '20s', '-guesses', '3');
  t.after(() => open.stop());
  const context = await browser.newContext({ ignoreHTTPSErrors: true, reducedMotion: 'reduce' }); // the issuer's certificate is its own
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(`${open.address}ui/meters?status=ok`);
  for (let i = 0; i < 4; i++) {
    const answered = page.waitForResponse((r) => r.request().method() === 'POST');
    await page.getByLabel('API key').fill('et_wrong');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await answered;
  }
  await page.getByRole('alert').getByText(/^Too many failed sign-ins from this address\. Wait \d+ s, then try again\.$/).waitFor();
  await accessible(page, 'a sign-in that has to wait');
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  const as = async (name) => {
    await page.getByRole('link', { name: 'Sign in with Keycloak' }).click();
    await page.getByLabel('User').fill(name);
    await page.getByLabel('Password').fill('correct horse');
    await page.getByRole('button', { name: 'Log in' }).click();
  };
  await as('eve@example.org');
  await page.getByText(/none of your groups gives access to this twin/).waitFor();
  await page.goto(`${open.address}ui/meters?status=ok`);
  await as('ada@example.org');
  await page.waitForURL(/\/ui\/meters\?status=ok/);
  await page.getByText('Your session has expired').waitFor({ timeout: 120_000 });
  await as('ada@example.org');
  await page.getByRole('heading', { name: 'Meters', level: 1 }).waitFor();
  assert.match(page.url(), /\/ui\/meters\?status=ok/);
});
