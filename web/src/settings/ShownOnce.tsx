import { Alert, Button, CopyButton } from '@mantine/core';
import classes from './settings.module.css';

/** ShownOnce shows a key or a secret, which nobody can show again. */
export function ShownOnce({ of, text, done }: { of: string; text: string; done: () => void }) {
  return (
    <Alert color="teal" variant="light" title={`${of} is shown this once`} role="status" mb="md" styles={{ title: { color: 'var(--text)' } }}>
      <div className={classes.key}>
        <code>{text}</code>
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Button size="xs" variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
        <Button size="xs" variant="subtle" onClick={done}>
          I have kept it
        </Button>
      </div>
    </Alert>
  );
}
