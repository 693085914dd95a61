// Starts twins with `energytwin local`, as people do on a laptop.

import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '..', '..');

/** startLocal runs a file with flags. The twin can be stopped and started again, with its data and its address. */
export async function startLocal(file, ...flags) {
  const dir = mkdtempSync(join(tmpdir(), 'energytwin-local-'));
  chmodSync(dir, 0o755); // of root, PostgreSQL runs as another user, who has to pass it
  const twin = { address: '', apiKey: '' };
  let child;
  let ended;

  async function start() {
    const listen = twin.address ? new URL(twin.address).host : '127.0.0.1:0';
    child = spawn(join(root, 'bin', 'energytwin'), ['local', '-f', join(root, file), '--listen', listen, '--data-dir', join(dir, 'data'), ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = [];
    ended = new Promise((resolve) => child.once('exit', resolve));
    await new Promise((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`energytwin local -f ${file} ended with code ${code}:\n${output.slice(-20).join('\n')}`)));
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          output.push(line);
          const address = line.match(/(http:\/\/127\.0\.0\.1:\d+\/)/)?.[1];
          const apiKey = line.match(/(et_[\w-]+)/)?.[1];
          if (address) twin.address ||= address;
          if (apiKey) twin.apiKey = apiKey;
          if (twin.address && apiKey) resolve();
        });
      }
    });
  }

  async function stop() {
    child.kill('SIGINT');
    await ended;
  }

  await start();
  return Object.assign(twin, {
    start,
    stop,
    /** ask is what the API answers to the key. */
    ask: async (path) => (await (await fetch(`${twin.address}api/v1/${path}`, { headers: { 'X-API-Key': twin.apiKey } })).json()).data,
    async end() {
      await stop();
      rmSync(dir, { recursive: true, force: true });
    },
  });
}

/** until waits until the twin answers something that holds. */
export async function until(twin, path, holds, patience = 120_000) {
  const end = Date.now() + patience;
  for (;;) {
    const data = await twin.ask(path).catch(() => undefined);
    if (data && holds(data)) return data;
    if (Date.now() > end) throw new Error(`${path} of ${twin.address} does not hold after ${patience / 1000} s: ${JSON.stringify(data)?.slice(0, 400)}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
