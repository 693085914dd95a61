// Measures the table of meters with many of them: how long a jump of the scroll bar and a
// search take until their rows are drawn. METERS=100000 node list-speed.mjs

import { openBrowser, signIn, startTwin } from './twin.mjs';

const meters = Number(process.env.METERS ?? 100_000);
const twin = await startTwin('-meters', '8', '-days', '10', '-crowd', String(meters));
const browser = await openBrowser();
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
  await signIn(page, twin, 'meters?q=meter-');
  await page.getByRole('link', { name: 'meter-000000' }).waitFor();
  const measured = await page.evaluate(async (meters) => {
    const tasks = [];
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map((e) => e.duration))).observe({ entryTypes: ['longtask'] });
    const table = document.querySelector('[aria-label="Table of meters"]');
    const rowHeight = table.querySelector('tbody tr[aria-rowindex]').getBoundingClientRect().height;
    const drawn = async (change, holds) => {
      const began = performance.now();
      change();
      while (!holds()) {
        if (performance.now() - began > 60_000) throw new Error('not drawn after a minute');
        await new Promise(requestAnimationFrame);
      }
      return performance.now() - began;
    };
    const there = (id) => () => [...table.querySelectorAll('a')].some((a) => a.textContent === id);
    const scroll = [];
    for (let i = 1; i <= 40; i++) {
      const row = Math.floor((i * 0.618034 * meters) % (meters - 30)); // places far from each other
      scroll.push(await drawn(() => table.scrollTo(0, row * rowHeight), there(`meter-${String(row + 1).padStart(6, '0')}`)));
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const box = document.querySelector('[aria-label="Search meters"]');
    const write = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
    const search = [];
    for (let i = 1; i <= 40; i++) {
      const id = `meter-${String(Math.floor((i * 0.618034 * meters) % meters)).padStart(6, '0')}`;
      search.push(
        await drawn(() => {
          write.call(box, id.slice(6));
          box.dispatchEvent(new Event('input', { bubbles: true }));
        }, () => there(id)() && table.querySelectorAll('a[href*="/meters/"]').length < 40),
      );
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return { scroll, search, tasks };
  }, meters);
  const at = (list, share) => Math.round([...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(share * list.length))]);
  for (const what of ['scroll', 'search']) console.log(`${what} ${meters} meters: median ${at(measured[what], 0.5)} ms, 90 % ${at(measured[what], 0.9)} ms, most ${at(measured[what], 1)} ms`);
  console.log(`longest task ${Math.round(Math.max(0, ...measured.tasks))} ms`);
  for (const path of ['meters?limit=100&total=true&last24h=true', `meters?limit=100&total=true&last24h=true&offset=${meters / 2}`, 'meters?limit=100&total=true&last24h=true&q=4711', 'meters?limit=100&total=true&last24h=true&sort=-lastKwh', 'meters?limit=100&total=true&last24h=true&sort=-missingHours']) {
    const times = [];
    for (let i = 0; i < 7; i++) {
      const began = performance.now();
      await (await fetch(`${twin.address}api/v1/${path}`, { headers: { 'X-API-Key': twin.apiKey } })).text();
      times.push(performance.now() - began);
    }
    console.log(`GET ${path}: median ${at(times, 0.5)} ms`);
  }
} finally {
  await browser.close();
  await twin.stop();
}
