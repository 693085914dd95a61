import type { components } from './schema';

export type Problem = components['schemas']['Problem'];

/** ApiError is a problem document, or a request that got no answer (status 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem | undefined;
  /** Seconds after which to ask again; 0 where the answer names none. */
  readonly retryAfter: number;

  constructor(status: number, problem: Problem | undefined, retryAfter = 0) {
    super(problem?.detail ?? (status === 0 ? 'The twin cannot be reached.' : `The twin answered with status ${status}.`));
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/** isProblem distinguishes a problem document from another body, such as a proxy's page. */
export function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && 'detail' in body;
}

/** worthRetrying: what the caller did wrong stays wrong; who asks too often may ask later. */
export function worthRetrying(failures: number, error: unknown): boolean {
  if (error instanceof ApiError && error.status === 429) return failures < 4;
  if (error instanceof ApiError && error.status >= 400 && error.status < 500) return false;
  return failures < 2;
}

/** retryDelay is the pause before another try, in milliseconds: what the answer asks for, or more and more. */
export function retryDelay(failures: number, error: unknown): number {
  if (error instanceof ApiError && error.retryAfter > 0) return error.retryAfter * 1000;
  return Math.min(1000 * 2 ** failures, 30_000);
}
