import { expect, test } from 'vitest';

const sources = import.meta.glob<string>(['../**/*.{ts,tsx}', '!../**/*.test.{ts,tsx}', '!./schema.d.ts'], { query: '?raw', import: 'default', eager: true });

// A path that is a whole literal is checked against the document by its type; one that is put together is not.
test('every call goes through the typed client', () => {
  expect(Object.keys(sources).length).toBeGreaterThan(50);
  for (const [file, text] of Object.entries(sources)) {
    expect(text.match(/`[^`'"\n]*api\/v1/g), `${file}: a path that is put together`).toBeNull();
    expect(text.match(/(?<!\/)api\/v1/g), `${file}: a path without the slash of the document`).toBeNull();
    expect(text.match(/\bfetch\(|XMLHttpRequest|EventSource\((?!streamAddress)/g), `${file}: a call beside the client`).toBeNull();
  }
});
