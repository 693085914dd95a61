import { expect, test, vi } from 'vitest';

// The page is served under a base path.
vi.stubGlobal('document', { baseURI: 'http://twins.example/north/ui/' });
const { fileAddress, streamAddress } = await import('./client');
const api = 'http://twins.example/north/api/v1';

test('files are below the address of the twin, without what is empty', () => {
  expect(fileAddress({ path: '/api/v1/meters/{id}/history', places: { id: 'a/b %' }, query: { from: 'now+1h', tz: '' } }, 'csv')).toBe(
    `${api}/meters/a%2Fb%20%25/history?from=now%2B1h&format=csv`,
  );
  expect(fileAddress({ path: '/api/v1/forecasts', query: { dayAhead: true } }, 'parquet')).toBe(`${api}/forecasts?dayAhead=true&format=parquet`);
});

test('the stream goes on behind an event', () => {
  expect(streamAddress('')).toBe(`${api}/stream`);
  expect(streamAddress('1-0_2-0')).toBe(`${api}/stream?lastEventId=1-0_2-0`);
});
