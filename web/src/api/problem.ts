import type { components } from './schema';

export type Problem = components['schemas']['Problem'];

/** ApiError is a problem document, or a request that got no answer (status 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem | undefined;

  constructor(status: number, problem: Problem | undefined) {
    super(problem?.detail ?? (status === 0 ? 'The twin cannot be reached.' : `The twin answered with status ${status}.`));
    this.status = status;
    this.problem = problem;
  }
}

/** isProblem distinguishes a problem document from another body, such as a proxy's page. */
export function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && 'detail' in body;
}

/** worthRetrying: what the caller did wrong stays wrong. */
export function worthRetrying(failures: number, error: unknown): boolean {
  if (error instanceof ApiError && error.status >= 400 && error.status < 500) return false;
  return failures < 2;
}
