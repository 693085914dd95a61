import { Alert } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { ApiError } from '../api/problem';
import { waitText } from './wait';

/** SignInProblem shows why a sign-in failed, and how long to wait where it was one too many. */
export function SignInProblem({ error }: { error: ApiError }) {
  const [left, setLeft] = useState(error.retryAfter);
  useEffect(() => {
    const until = Date.now() + error.retryAfter * 1000;
    setLeft(error.retryAfter);
    const tick = setInterval(() => setLeft(Math.max(0, Math.ceil((until - Date.now()) / 1000))), 500);
    return () => clearInterval(tick);
  }, [error]);
  return (
    <Alert color="red" role="alert" variant="light">
      {error.retryAfter > 0 ? waitText(error.message, left) : error.message}
    </Alert>
  );
}
