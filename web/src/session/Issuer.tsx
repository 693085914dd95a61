import { Alert, Anchor, Button, Divider, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { root } from '../api/client';
import { waysIn } from '../api/questions';
import { startOf } from './start';

/** Issuer is the way in by an issuer of OpenID Connect, where the twin has one. */
export function Issuer() {
  const way = useQuery(waysIn).data?.data.oidc;
  if (!way) return null;
  return (
    <>
      {way.available ? (
        <Button component="a" href={startOf(root, way.path, window.location)} fullWidth>
          Sign in with {way.name}
        </Button>
      ) : (
        <Alert color="yellow" variant="light" role="status">
          Signing in with {way.name} is not possible now: it cannot be reached. An API key works.
        </Alert>
      )}
      {way.signOutURL && (
        <Text size="xs" c="var(--text-dim)">
          To sign in as somebody else,{' '}
          <Anchor href={way.signOutURL} size="xs" c="var(--accent)" underline="always">
            sign out of {way.name}
          </Anchor>{' '}
          first.
        </Text>
      )}
      <Divider label="or" styles={{ label: { color: 'var(--text-dim)' } }} />
    </>
  );
}
