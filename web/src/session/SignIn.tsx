import { Anchor, Button, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answer, client, root } from '../api/client';
import { ApiError } from '../api/problem';
import { Mark } from '../app/Mark';
import type { Ending } from './ended';
import { Issuer } from './Issuer';
import classes from './SignIn.module.css';
import { SignInProblem } from './SignInProblem';

/** SignIn exchanges an API key for a session. The key is not kept. What was open before stays in the address. */
export function SignIn({ ending }: { ending: Ending | undefined }) {
  const queries = useQueryClient();
  const [key, setKey] = useState('');
  const [problem, setProblem] = useState<ApiError>();
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await answer(client.POST('/api/v1/session', { body: { apiKey: key.trim() } }));
      setKey('');
      await queries.invalidateQueries();
    } catch (error) {
      setProblem(error instanceof ApiError ? error : new ApiError(0, undefined));
    } finally {
      setBusy(false);
    }
  }

  return (
    <main className={classes.page}>
      <Paper className={classes.card} component="form" onSubmit={submit}>
        <Stack gap="lg">
          <div>
            <Mark />
            <Title order={1} size="h3" mt="md">
              Sign in
            </Title>
            <Text c="var(--text-dim)" size="sm" mt={4}>
              Use the API key that the twin printed when it started, or that your operator gave you.
            </Text>
          </div>
          {ending && !problem && (
            <div role="status" className={classes.ending}>
              <strong>{ending.title}</strong>
              <p>{ending.text}</p>
            </div>
          )}
          {problem && <SignInProblem error={problem} />}
          <Issuer />
          <PasswordInput
            label="API key"
            placeholder="et_…"
            value={key}
            onChange={(e) => setKey(e.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
            required
            withAsterisk={false}
            data-autofocus
            autoFocus
          />
          <Button type="submit" loading={busy} fullWidth>
            Sign in
          </Button>
          <Text size="xs" c="var(--text-dim)">
            The key is exchanged for a session cookie and not stored in this browser.{' '}
            <Anchor href={new URL('docs', root).href} size="xs" c="var(--accent)" underline="always">
              API documentation
            </Anchor>
          </Text>
        </Stack>
      </Paper>
    </main>
  );
}
