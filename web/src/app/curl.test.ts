import { expect, test } from 'vitest';
import { curlOf } from './curl';

test('the command asks for the address, whatever is in it', () => {
  expect(curlOf('https://twin.example/api/v1/meters?q=a%26b&limit=5')).toBe(`curl -H "X-API-Key: $KEY" 'https://twin.example/api/v1/meters?q=a%26b&limit=5'`);
  expect(curlOf("https://twin.example/api/v1/meters/o'neill")).toBe(`curl -H "X-API-Key: $KEY" 'https://twin.example/api/v1/meters/o%27neill'`);
});
