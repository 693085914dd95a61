// What a person does with the charts, in a real browser.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { accessible, openPage } from './checks.mjs';
import { openBrowser, signIn, startTwin } from './twin.mjs';

let twin;
let browser;

before(async () => {
  twin = await startTwin('-live', '-days', '60');
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await twin?.stop();
});

const meter = 'home-000006'; // has devices
const open = (t, options) => openPage(t, browser, twin, options);
const ask = (page, path) => page.evaluate(async (p) => (await fetch(`../api/v1/${p}`)).json(), path);

const digits = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 3 });

/** chart is the load chart of a page, once it is drawn. */
async function chart(page) {
  const area = page.getByRole('application').first();
  await area.locator('canvas').waitFor();
  return area;
}

/** drag moves the pointer over the plot of a chart, from one share of its width to another. */
async function drag(page, area, from, to) {
  const box = await area.locator('.u-over').boundingBox();
  const y = box.y + box.height / 3;
  await page.mouse.move(box.x + from * box.width, y);
  await page.mouse.down();
  await page.mouse.move(box.x + ((from + to) / 2) * box.width, y, { steps: 4 });
  await page.mouse.move(box.x + to * box.width, y, { steps: 4 });
  await page.mouse.up();
}

const hasRange = (url) => url.searchParams.has('from') && url.searchParams.has('to');

test('a brushed range is asked for once, is in the address, and is undone', async (t) => {
  const page = await open(t);
  await signIn(page, twin, `meters/${meter}`);
  const area = await chart(page);
  const asked = [];
  page.on('request', (r) => r.url().includes('/load?') && asked.push(new URL(r.url()).searchParams));
  await drag(page, area, 0.3, 0.5);
  await page.waitForURL(hasRange);
  const { from, to } = Object.fromEntries(new URL(page.url()).searchParams);
  await page.getByRole('figure').first().waitFor();
  await page.waitForFunction(() => !document.querySelector('[class*=old]'));
  const brushed = asked.filter((q) => q.has('to')); // what was shown before may be asked for once more
  assert.deepEqual(brushed.map((q) => [q.get('from'), q.get('to')]), [[from, to]]);
  assert.ok(Date.parse(to) - Date.parse(from) < 3 * 86_400_000, `${from} to ${to}`);
  await page.getByText('Show the numbers').click();
  const { data } = await ask(page, `meters/${meter}/load?from=${from}&to=${to}`);
  const rows = page.getByRole('region', { name: `Numbers of ${meter}` }).getByRole('row');
  await rows.nth(data.points.length).waitFor();
  assert.equal(await rows.count(), data.points.length + 1);
  await area.focus();
  await page.keyboard.press('Backspace');
  await page.waitForURL((url) => !hasRange(url));
  await page.goBack(); // undone in place: Back leads to what came before the brush
  await page.goForward();
});

test('the load of the day before stands beside each hour where there is room for it', async (t) => {
  const page = await open(t);
  for (const [path, question] of [['', 'load'], ['groups/feeder-0001', 'groups/feeder-0001/load']]) {
    if (path) await page.goto(`${twin.address}ui/${path}`);
    else await signIn(page, twin);
    const area = await chart(page);
    const figure = page.getByRole('figure').first();
    await figure.getByText('The day before').waitFor();
    await area.focus();
    await page.keyboard.press('Control+ArrowLeft');
    const { data } = await ask(page, `${question}?from=now-72h`);
    const read = await figure.getByText(/^The day before/).textContent();
    assert.ok(data.points.some((p) => p.actualKwh !== null && read.includes(digits.format(p.actualKwh))), `${read} is a measured load`);
  }
  await page.getByText('4 weeks', { exact: true }).click();
  await page.getByRole('figure').first().getByText('The day before').waitFor({ state: 'detached' });
});

test('the wheel zooms with Ctrl alone, Shift and a drag move, and both stay in the address', async (t) => {
  const page = await open(t);
  await signIn(page, twin, `meters/${meter}?from=2019-01-10&to=2019-01-20`);
  const area = await chart(page);
  const box = await area.locator('.u-over').boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + 40);
  await page.mouse.wheel(0, 50);
  await page.waitForFunction(() => scrollY > 0);
  assert.match(page.url(), /from=2019-01-10&to=2019-01-20$/);
  await page.evaluate(() => scrollTo(0, 0));
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -100);
  await page.keyboard.up('Control');
  await page.waitForURL((url) => hasRange(url) && url.searchParams.get('from') > '2019-01-10T');
  const before = new URL(page.url()).searchParams.get('from');
  await page.keyboard.down('Shift');
  await drag(page, area, 0.3, 0.6);
  await page.keyboard.up('Shift');
  await page.waitForURL((url) => Date.parse(url.searchParams.get('from')) < Date.parse(before));
});

test('the time before and after, and one from a day to another, are a click away', async (t) => {
  const page = await open(t);
  await signIn(page, twin, `meters/${meter}`);
  await chart(page);
  await page.getByRole('button', { name: 'From one day to another' }).click();
  await page.getByLabel('First day').fill('2019-01-14');
  await page.getByLabel('Last day').fill('2019-01-10');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await page.getByText('The last day lies before the first.').waitFor();
  await accessible(page, 'the choice of days');
  await page.getByLabel('Last day').fill('2019-01-20');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await page.waitForURL(/from=2019-01-14&to=2019-01-21/);
  await page.getByRole('button', { name: 'The time before' }).click();
  await page.waitForURL(/from=2019-01-07&to=2019-01-14/);
  await page.getByRole('button', { name: 'The time after' }).click();
  await page.waitForURL(/from=2019-01-14&to=2019-01-21/);
  await page.getByRole('button', { name: 'Back to the range before' }).click();
  await page.waitForURL(/from=2019-01-07/);
});

test('a chart is read with the keyboard, hour by hour, with what stands below it', async (t) => {
  const page = await open(t);
  await signIn(page, twin, `meters/${meter}?from=2019-01-14&to=2019-01-16`);
  const area = await chart(page);
  await page.locator('canvas').nth(1).waitFor();
  const { data } = await ask(page, `meters/${meter}/load?from=2019-01-14&to=2019-01-16`);
  await area.focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('Control+ArrowRight');
  await page.keyboard.press('ArrowRight');
  const spoken = page.getByRole('status').filter({ hasText: 'Tue 15 Jan, 01:00–02:00: ' });
  await spoken.waitFor();
  assert.match(await spoken.textContent(), new RegExp(`Measured ${Number(data.points[25].actualKwh.toPrecision(3))} k?W`));
  await page.locator('figure').nth(1).getByText('Tue 15 Jan, 01:00–02:00').waitFor();
  await page.keyboard.press('+');
  await page.waitForURL((url) => url.searchParams.get('from') !== '2019-01-14');
  await page.keyboard.press('PageUp');
  await page.waitForURL((url) => Date.parse(url.searchParams.get('to')) <= Date.parse('2019-01-15T06:00:00Z'));
});

test('a decision is marked where it begins, and opens', async (t) => {
  const page = await open(t);
  await signIn(page, twin, `meters/${meter}`);
  const area = await chart(page);
  const marker = area.getByRole('button').last();
  const name = await marker.getAttribute('aria-label');
  assert.match(name, /^\w{3} \d+ \w{3}: ./);
  await marker.click();
  await page.getByRole('dialog').getByText('What it rests on').waitFor();
  assert.match(page.url(), /decision=/);
});

test('what is drawn is kept as a table and as a picture', async (t) => {
  const page = await open(t);
  await signIn(page, twin, `meters/${meter}?from=2019-01-14&to=2019-01-15`);
  await chart(page);
  const keep = async (item) => {
    await page.getByRole('button', { name: `Save the chart of ${meter}` }).click();
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: item }).click()]);
    return { name: file.suggestedFilename(), content: readFileSync(await file.path()) };
  };
  const table = await keep(/CSV/);
  assert.equal(table.name, `${meter}-2019-01-14-2019-01-14.csv`);
  const rows = table.content.toString().trim().split('\r\n');
  const column = rows[0].split(',').indexOf('Measured');
  const { data } = await ask(page, `meters/${meter}/load?from=2019-01-14&to=2019-01-15`);
  assert.deepEqual(rows.slice(1).map((r) => r.split(',')[column]), data.points.map((p) => String(p.actualKwh ?? '')));
  const picture = await keep(/PNG/);
  assert.equal(picture.content.subarray(1, 4).toString(), 'PNG');
  assert.ok(picture.content.length > 5_000);
});

test('a meter shows what the twin knew at a moment, its devices, and its months', async (t) => {
  const page = await open(t);
  await signIn(page, twin, `meters/${meter}`);
  await chart(page);
  const slider = page.getByRole('slider', { name: /What the twin knew/ });
  await slider.focus();
  for (let i = 0; i < 30; i++) await page.keyboard.press('ArrowLeft');
  const place = Number(await slider.inputValue());
  await page.waitForURL((url) => Date.parse(url.searchParams.get('known')) / 1000 === place);
  const at = new URL(page.url()).searchParams.get('known');
  const { data } = await ask(page, `meters/${meter}/state?at=${at}`);
  await page.getByRole('group', { name: 'What the twin knew' }).getByText(`by ${data.forecast.model}`).waitFor();
  await page.getByText('Show the numbers').click();
  const { data: now } = await ask(page, `meters/${meter}/load?from=now-7d`);
  const known = now.points.filter((p) => p.at < at && p.actualKwh !== null).length;
  const cells = page.getByRole('region', { name: `Numbers of ${meter}` }).locator('tbody tr td:nth-child(2)');
  await page.waitForFunction(
    ([cells, known]) => [...document.querySelectorAll(cells)].filter((c) => c.textContent !== '–').length === known,
    [`[aria-label="Numbers of ${meter}"] tbody td:nth-child(2)`, known],
  );
  assert.ok(known < (await cells.count()));
  await accessible(page, 'what was known');
  await page.getByRole('button', { name: 'Now', exact: true }).click();
  await page.waitForURL((url) => !url.searchParams.has('known'));
  const devices = page.getByRole('region', { name: 'Devices' });
  await devices.getByText('capacity 8 kWh').waitFor();
  await devices.getByText('Car', { exact: true }).waitFor();
  const { data: days } = await ask(page, `meters/${meter}/history?from=now-365d&step=1d`);
  const measured = days[0].points.filter((p) => p.kwh !== null).length;
  await page.waitForFunction((n) => document.querySelectorAll('[aria-label="Energy of each day"] [title*="kWh"]').length === n, measured);
});

for (const colorScheme of ['light', 'dark']) {
  test(`the price stands below the load of the twin, ${colorScheme}`, async (t) => {
    const page = await open(t, { colorScheme });
    await signIn(page, twin);
    await page.getByRole('img', { name: /^Price of a kWh by hour, £0.12 to £0.42/ }).waitFor();
    await page.getByText('Night, weekend').waitFor();
    await page.getByRole('img', { name: /Newest measured hour/ }).waitFor();
    await page.goto(`${twin.address}ui/groups/feeder-0001?from=2019-01-05&to=2019-02-25&by=day`);
    await chart(page);
    await page.getByText('Lowest to highest hour').waitFor(); // a long range has one bucket for all that is drawn
    await accessible(page, 'a long range of a group');
  });
}

for (const width of [320, 390]) {
  test(`charts fit a window of ${width} px, whatever their range`, async (t) => {
    const page = await open(t, { viewport: { width, height: 800 } });
    await signIn(page, twin);
    for (const path of ['?from=2019-01-05&to=2019-02-25', `meters/${meter}?from=2019-01-05&to=2019-02-25&known=2019-02-01T00:00:00Z`, 'groups/feeder-0001?range=now-28d']) {
      await page.goto(`${twin.address}ui/${path}`);
      await chart(page);
      const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(wide <= window, `${path}: ${wide} px in a window of ${window} px`);
    }
    await accessible(page, `a chart at ${width} px`);
  });
}

/** traffic counts the requests of a page to the API, and waits for their answers. */
function traffic(page) {
  const asked = [];
  let open = 0;
  const counts = (r) => r.url().includes('/api/v1/') && !r.url().endsWith('/stream');
  page.on('request', (r) => {
    if (!r.url().includes('/api/v1/')) return;
    asked.push(r.url().split('/api/v1/')[1]);
    if (counts(r)) open++;
  });
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, (r) => counts(r) && open--);
  return {
    asked,
    async answered() {
      const moment = () => new Promise((done) => setTimeout(done, 10));
      do await moment();
      while (open > 0);
    },
  };
}

test('beside the stream, a page that nobody touches sends at most five requests a minute', async (t) => {
  const page = await open(t);
  const { asked, answered } = traffic(page);
  await page.clock.install();
  const minutes = 3;
  for (const path of ['', `meters/${meter}`, 'groups/feeder-0001']) {
    asked.length = 0;
    if (path === '') await signIn(page, twin);
    else await page.goto(`${twin.address}ui/${path}`);
    await chart(page);
    await answered();
    assert.ok(asked.some((a) => a.startsWith('stream')), 'the stream is open');
    const streamed = page.waitForEvent('requestfinished'); // what an event has led to
    for (let second = 0; second < 90; second++) await page.clock.runFor(1_000);
    await streamed;
    await answered();
    asked.length = 0;
    for (let second = 0; second < 60 * minutes; second++) {
      const before = asked.length;
      await page.clock.runFor(1_000);
      if (asked.length > before) await answered();
    }
    assert.ok(asked.length <= 5 * minutes, `${path}: ${asked.length} requests in ${minutes} minutes: ${asked.join(' ')}`);
    assert.ok(asked.length >= minutes - 1, `${path}: the page is kept up to date: ${asked.join(' ')}`); // a minute counts from an answer
  }
});
