import createClient, { createFinalURL, createQuerySerializer, defaultPathSerializer } from 'openapi-fetch';
import { ApiError, isProblem } from './problem';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];

/** root is the address that the twin is served under, with a slash at its end. */
export const root = new URL('../', document.baseURI);

const baseUrl = root.href.replace(/\/$/, '');

let csrfToken = '';

/** rememberToken sets what proves that a request comes from this page. */
export function rememberToken(token: string): void {
  csrfToken = token;
}

// Pages ask for JSON; files are links. The browser's cache answers repeated questions with If-None-Match by itself.
export const client = createClient<paths, 'application/json'>({ baseUrl, credentials: 'same-origin' });

let ended = () => {};

/** onEnded calls back when an answer shows that the session is over. */
export function onEnded(callback: () => void): void {
  ended = callback;
}

const aboutSession = addressOf('/api/v1/session', { query: {} });

client.use({
  onResponse({ request, response }) {
    if (response.status === 401 && request.url !== aboutSession) ended();
  },
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
    const wait = Number(result.response.headers.get('Retry-After')) || 0;
    throw new ApiError(result.response.status, isProblem(result.error) ? result.error : undefined, wait);
  }
  return { ...result.data, source: result.response.url } as T & Asked;
}

type Parameters<P extends keyof paths> = paths[P] extends { get: { parameters: infer A } } ? A : never;
type QueryOf<A> = A extends { query?: infer Q } ? NonNullable<Q> : never;
type PlacesOf<A> = A extends { path: infer R } ? R : undefined;

/** FilePath is a path that answers with a file. */
type FilePath = {
  [P in keyof paths]: [QueryOf<Parameters<P>>] extends [never] ? never : QueryOf<Parameters<P>> extends { format?: infer F } ? ('parquet' extends F ? P : never) : never;
}[keyof paths];

/** FileQuestion is what a file is asked for by. */
export type FileQuestion = {
  [P in FilePath]: { path: P; query: Omit<QueryOf<Parameters<P>>, 'format'> } & (PlacesOf<Parameters<P>> extends undefined ? { places?: undefined } : { places: PlacesOf<Parameters<P>> });
}[FilePath];

export type FileFormat = 'csv' | 'parquet' | 'ndjson';

/** fileAddress is the address of a file, for a link. A parameter that is empty is left out. */
export function fileAddress({ path, places, query }: FileQuestion, format: FileFormat): string {
  const given = Object.entries({ ...query, format }).filter(([, value]) => value !== undefined && value !== '');
  return addressOf(path, { path: places, query: Object.fromEntries(given) });
}

function addressOf(path: keyof paths, params: { path?: Record<string, unknown> | undefined; query: Record<string, unknown> }): string {
  return createFinalURL(path, { baseUrl, params, querySerializer: createQuerySerializer(), pathSerializer: defaultPathSerializer });
}

type StreamQuery = QueryOf<Parameters<'/api/v1/stream'>>;

/** streamAddress is the address of the live stream, behind an event if there is one. */
export function streamAddress(lastEventId: string): string {
  const query: StreamQuery = lastEventId ? { lastEventId } : {};
  return addressOf('/api/v1/stream', { query });
}
