import createClient from 'openapi-fetch';
import { ApiError, isProblem } from './problem';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];

/** root is the address that the twin is served under, with a slash at its end. */
export const root = new URL('../', document.baseURI);

let csrfToken = '';

/** rememberToken sets what proves that a request comes from this page. */
export function rememberToken(token: string): void {
  csrfToken = token;
}

// Pages ask for JSON; files are links. The browser's cache answers repeated questions with If-None-Match by itself.
export const client = createClient<paths, 'application/json'>({ baseUrl: root.href.replace(/\/$/, ''), credentials: 'same-origin' });

client.use({
  onRequest({ request }) {
    if (request.method !== 'GET' && csrfToken) request.headers.set('X-CSRF-Token', csrfToken);
    return request;
  },
});

interface Result<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Asked is what an answer says about its question: the address that gives it. */
export interface Asked {
  source: string;
}

/** answer is the body of an answer with its question, or throws an ApiError. */
export async function answer<T>(asked: Promise<Result<T>>): Promise<T & Asked> {
  let result: Result<T>;
  try {
    result = await asked;
  } catch {
    throw new ApiError(0, undefined);
  }
  if (result.data === undefined && result.response.status !== 204) {
    throw new ApiError(result.response.status, isProblem(result.error) ? result.error : undefined);
  }
  return { ...result.data, source: result.response.url } as T & Asked;
}
