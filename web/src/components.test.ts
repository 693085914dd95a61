import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const web = join(import.meta.dirname, '..');
const library = join(web, 'node_modules/@mantine/core');
const files = (folder: string, ending: RegExp) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((f) => ending.test(f)).map((f) => join(folder, f));
const read = (...path: string[]) => readFileSync(join(...path), 'utf8');

/** everywhere are the styles that no component asks for. */
const everywhere = ['baseline', 'default-css-variables', 'global'];

/** imported are the components that the pages import. */
function imported(): Set<string> {
  const names = new Set<string>();
  for (const file of files(join(web, 'src'), /\.tsx?$/)) {
    for (const [, list = ''] of read(file).matchAll(/import\s*\{([^}]*)\}\s*from\s*'@mantine\/core'/g)) {
      for (const name of list.split(',').map((n) => n.trim())) if (name && !name.startsWith('type ')) names.add(name.split(' ')[0] ?? '');
    }
  }
  return names;
}

/** styled are the components that some components are made of, themselves among them, which have styles. */
function styled(names: Set<string>): Set<string> {
  const made = new Map(files(join(library, 'esm'), /\.mjs$/).map((f) => [f.split('/').at(-1)?.replace('.mjs', ''), f]));
  const seen = new Set<string>();
  const follow = (file: string) => {
    if (seen.has(file) || !existsSync(file)) return;
    seen.add(file);
    for (const [, next = ''] of read(file).matchAll(/from\s*"(\.[^"]+)"/g)) follow(join(dirname(file), next));
  };
  for (const name of names) follow(made.get(name) ?? '');
  return new Set([...seen].map((f) => f.match(/([^/]+)\.module\.mjs$/)?.[1] ?? '').filter(Boolean));
}

test('the styles of all components that are used are loaded, in the order of the library, and no others', () => {
  const loaded = [...read(web, 'src/components.css').matchAll(/styles\/([^.]+)\.css/g)].map((m) => m[1] ?? '');
  const needed = styled(imported());
  expect(needed.size).toBeGreaterThan(20);
  expect([...loaded].sort()).toEqual([...everywhere, ...needed].sort());

  const all = read(library, 'styles.css');
  const places = loaded.map((name) => all.indexOf(read(library, 'styles', `${name}.css`).trim().slice(0, 300)));
  expect(places).not.toContain(-1);
  expect(places).toEqual([...places].sort((a, b) => a - b));
});
