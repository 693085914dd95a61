// Starts a filled twin and a browser to look at it.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const here = import.meta.dirname;

/** startTwin serves a filled database; options are those of ./serve. */
export async function startTwin(...options) {
  const dir = mkdtempSync(join(tmpdir(), 'energytwin-ui-'));
  const binary = join(dir, 'serve');
  execFileSync('go', ['build', '-o', binary, './serve'], { cwd: here, stdio: 'inherit' });
  const child = spawn(binary, options, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const first = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`the twin ended with code ${code}`)));
  });
  const { address, apiKey } = JSON.parse(await first);
  return {
    address,
    apiKey,
    async stop() {
      child.stdin.end(); // the server ends with its input
      await ended;
      rmSync(dir, { recursive: true, force: true }); // it may have been stopped already
    },
  };
}

/** openBrowser starts the Chromium that is installed here, without a network of its own. */
export function openBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ],
  });
}

/** signIn opens a page of the twin as somebody who has a key. */
export async function signIn(page, twin, path = '') {
  await page.goto(`${twin.address}ui/${path}`);
  await page.getByLabel('API key').fill(twin.apiKey);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages', exact: true }).waitFor();
}
