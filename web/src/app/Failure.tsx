import { Alert, Button, Stack, Text } from '@mantine/core';
import { ApiError } from '../api/problem';

interface Props {
  error: Error;
  title?: string;
  retry?: (() => unknown) | undefined;
}

/** Failure shows what went wrong, and offers to try again. */
export function Failure({ error, title = 'This could not be loaded', retry }: Props) {
  const id = error instanceof ApiError ? error.problem?.requestId : undefined;
  return (
    <Alert color="red" variant="light" title={title} role="alert">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{error.message}</Text>
        {id && (
          <Text size="xs" c="var(--text-dim)">
            Request {id}
          </Text>
        )}
        {retry && (
          <Button size="xs" variant="default" onClick={() => retry()}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
