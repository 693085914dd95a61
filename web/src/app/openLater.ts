import { useEffect, useState } from 'react';

/**
 * useOpenLater is whether a dialog is open that came with a chunk of its own: not before it is
 * mounted. One that is mounted open does not know what had the focus, and cannot give it back.
 */
export function useOpenLater(open: boolean): boolean {
  const [mounted, setMounted] = useState(false);
  useEffect(() => setMounted(true), []);
  return mounted && open;
}

/** useOnceOpen is whether something was open at any time: it stays, so that it can close. */
export function useOnceOpen(open: boolean): boolean {
  const [met, setMet] = useState(open);
  if (open && !met) setMet(true);
  return met || open;
}
