import { Button } from '@mantine/core';
import { useState } from 'react';

/** Sure is a button that asks once more, as what it does cannot be undone. */
export function Sure({ does, to, act }: { does: string; to: string; act: () => Promise<unknown> }) {
  const [asked, setAsked] = useState(false);
  if (!asked) {
    return (
      <Button size="compact-xs" variant="default" aria-label={`${does} ${to}`} onClick={() => setAsked(true)}>
        {does}
      </Button>
    );
  }
  return (
    <Button size="compact-xs" color="red" aria-label={`${does} ${to} for good`} onClick={() => void act()} onBlur={() => setAsked(false)} autoFocus>
      For good?
    </Button>
  );
}
