import { useQuery } from '@tanstack/react-query';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { live } from '../api/live';
import { twin } from '../api/questions';
import { isLost } from './lost';

/** Connection is whether the twin answers, and when it last did. */
export interface Connection {
  lost: boolean;
  /** In milliseconds since 1970; 0 before the first answer. */
  heard: number;
}

/**
 * useConnection watches the question that every page asks again and again. A failure counts at
 * once; an answer that does not come counts when it is three rounds late.
 */
export function useConnection(): Connection {
  const { dataUpdatedAt: heard, failureCount, isError } = useQuery(twin);
  const events = useSyncExternalStore(live.subscribe, live.isOn);
  const [now, setNow] = useState(Date.now);
  const [shown, setShown] = useState(Date.now); // a hidden page does not ask
  useEffect(() => {
    const tick = setInterval(() => setNow(Date.now()), 1_000);
    const show = () => setShown(Date.now());
    document.addEventListener('visibilitychange', show);
    return () => {
      clearInterval(tick);
      document.removeEventListener('visibilitychange', show);
    };
  }, []);
  return { lost: isLost(isError ? 1 : failureCount, Math.max(heard, shown, live.changed), now, events), heard };
}
