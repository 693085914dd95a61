// Measures the pages in a browser: how soon they can be used, how long drawing and brushing take,
// on a filled database; and whether the heap stays as it is while a twin of energytwin local
// replays at 3600 times the speed. Needs bin/energytwin.
//
//   node figures.mjs [--json] [--minutes 10, after the first ten; 50 for an hour] [--twin '{"address": …, "apiKey": …}']

import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { startLocal, until } from './local.mjs';
import { openBrowser, signIn, startTwin } from './twin.mjs';

const { values: given } = parseArgs({ options: { json: { type: 'boolean' }, minutes: { type: 'string', default: '10' }, twin: { type: 'string' } } });
const minutes = Number(given.minutes);
const days = 364; // of hours that are drawn together: as many as the dataset has after its first

const dist = join(import.meta.dirname, '../../web/dist');

/** firstLoad is the JavaScript of the first page as it is sent, in kB: what its document names, packed. */
async function firstLoad(browser, twin) {
  const page = await browser.newPage();
  const scripts = new Set();
  page.on('response', (r) => r.url().endsWith('.js') && scripts.add(new URL(r.url()).pathname.split('/ui/')[1]));
  await signIn(page, twin);
  await page.locator('canvas').first().waitFor();
  await page.close();
  return [...scripts].reduce((sum, name) => sum + gzipSync(readFileSync(join(dist, name)), { level: 6 }).length, 0) / 1000;
}

/** usable is how long a page takes until its load is drawn and can be brushed, with a cold cache, in ms. */
async function usable(browser, twin) {
  const first = await browser.newContext();
  const page = await first.newPage();
  await signIn(page, twin);
  const state = await first.storageState();
  await first.close();
  const times = [];
  for (let i = 0; i < 5; i++) {
    const context = await browser.newContext({ storageState: state });
    const cold = await context.newPage();
    const begin = performance.now();
    await cold.goto(`${twin.address}ui/`, { waitUntil: 'commit' });
    await cold.locator('canvas').first().waitFor();
    times.push(performance.now() - begin);
    await context.close();
  }
  return times.sort((a, b) => a - b)[2];
}

/** watched is a page that notes its tasks of more than 50 ms. */
async function watched(browser, twin, path) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.addInitScript(() => {
    globalThis.tasks = [];
    globalThis.draws = [];
    new PerformanceObserver((list) => globalThis.tasks.push(...list.getEntries().map((e) => e.duration))).observe({ type: 'longtask', buffered: true });
    const draw = CanvasRenderingContext2D.prototype.clearRect; // a chart begins to draw with it
    CanvasRenderingContext2D.prototype.clearRect = function (...area) {
      const begin = performance.now();
      queueMicrotask(() => globalThis.draws.push(performance.now() - begin)); // and has drawn when its task is over
      return draw.apply(this, area);
    };
  });
  await signIn(page, twin, path);
  await page.locator('canvas').first().waitFor();
  return page;
}

/** yearOfHours is how long a year of hours takes to draw, with all its lines, in ms. */
async function yearOfHours(browser, twin) {
  const { to } = await newest(browser, twin);
  const from = new Date(Date.parse(to) - days * 86_400_000).toISOString().slice(0, 10);
  const page = await watched(browser, twin, `meters/home-000001?from=${from}&to=${to}&by=hour`);
  const times = [];
  for (let i = 0; i < 7; i++) {
    await page.evaluate(() => (globalThis.draws.length = 0));
    await page.setViewportSize({ width: 1200 - 10 * (i % 2), height: 900 });
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    times.push(await page.evaluate(() => Math.max(...globalThis.draws)));
  }
  await page.close();
  return times.sort((a, b) => a - b)[3];
}

async function newest(browser, twin) {
  const answer = await fetch(`${twin.address}api/v1/twin`, { headers: { 'X-API-Key': twin.apiKey } });
  const { data } = await answer.json();
  return { to: data.simulatedAt.slice(0, 10) };
}

/** brushing is the longest task while a range is brushed, in ms; 0 if none took 50 ms. And the frames in a second of it. */
async function brushing(browser, twin) {
  const page = await watched(browser, twin, 'meters/home-000001?range=now-28d');
  await page.waitForLoadState('load');
  const box = await page.locator('.u-over').first().boundingBox();
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + 0.2 * box.width, y);
  await page.evaluate(() => {
    globalThis.tasks.length = 0;
    globalThis.frames = 0;
    const count = () => {
      globalThis.frames++;
      requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
  });
  const begin = performance.now();
  await page.mouse.down();
  await page.mouse.move(box.x + 0.8 * box.width, y, { steps: 240 });
  const seconds = (performance.now() - begin) / 1000;
  const [longest, frames] = await page.evaluate(() => [Math.max(0, ...globalThis.tasks), globalThis.frames]);
  await page.mouse.up();
  await page.close();
  return { longest, frames: frames / seconds };
}

/** warm is how many minutes a page is open before its heap has to stay as it is: what it makes once, and keeps, is there then. */
const warm = 10;

/** live is the heap at the end of each minute while events come, in MB, and how many requests a minute go beside them once the page is warm. */
async function live(browser, twin) {
  const page = await watched(browser, twin, '');
  const session = await page.context().newCDPSession(page);
  let asked = 0;
  page.on('request', (r) => r.url().includes('/api/v1/') && asked++);
  const heap = async () => {
    for (let i = 0; i < 3; i++) await session.send('HeapProfiler.collectGarbage');
    return (await session.send('Runtime.getHeapUsage')).usedSize / 1e6;
  };
  const heaps = [];
  for (let minute = 0; minute < warm + minutes; minute++) {
    if (minute === warm) asked = 0;
    await new Promise((done) => setTimeout(done, 60_000));
    heaps.push(await heap());
  }
  await page.close();
  return { heaps, requests: asked / minutes };
}

const twin = given.twin ? JSON.parse(given.twin) : await startTwin('-days', String(days), '-meters', '12');
const browser = await openBrowser();
try {
  const kilobytes = await firstLoad(browser, twin);
  const ready = await usable(browser, twin);
  const year = await yearOfHours(browser, twin);
  const brush = await brushing(browser, twin);
  const figures = [
    { figure: 'JavaScript of the first load, gzipped', unit: 'kB', value: kilobytes, limit: 250 },
    { figure: 'first page usable, cold cache', unit: 'ms', value: ready, limit: 1_000 },
    { figure: 'a year of hours drawn', unit: 'ms', value: year, limit: 100 },
    { figure: 'longest task while brushing (0: none of 50 ms)', unit: 'ms', value: brush.longest, limit: 50 },
    { figure: 'frames while brushing', unit: '1/s', value: brush.frames },
  ];
  if (minutes > 0) {
    const replay = given.twin ? twin : await startLocal('test/ui/twins/live.yaml');
    if (!given.twin) await until(replay, 'twin', (v) => v.counts.decisions > 0);
    const { heaps, requests } = await live(browser, replay).finally(() => given.twin || replay.end());
    figures.push(
      { figure: 'requests beside the stream', unit: '1/min', value: requests, limit: 5 },
      { figure: `heap after ${warm} minutes`, unit: 'MB', value: heaps[warm - 1] },
      { figure: `heap ${minutes} minutes later`, unit: 'MB', value: heaps.at(-1), limit: heaps[warm - 1] * 1.1 },
      { figure: 'greatest heap of each minute', unit: 'MB', value: Math.max(...heaps), each: heaps.map((mb) => Number(mb.toFixed(1))) },
    );
  }
  figures.push({ figure: 'load of the machine, a minute’s mean', unit: '', value: loadavg()[0] });
  if (given.json) console.log(JSON.stringify(figures));
  else console.table(Object.fromEntries(figures.map(({ figure, value, unit, limit }) => [figure, { value: Number(value.toPrecision(3)), unit, limit: limit === undefined ? '' : Number(limit.toPrecision(3)) }])));
} finally {
  await browser.close();
  if (!given.twin) await twin.stop();
}
