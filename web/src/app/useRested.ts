import { useEffect, useRef, useState } from 'react';

/**
 * useRested is a value as it was when it last rested for `pause` milliseconds. One that changes
 * after a rest is there in the same render: the first key and the first jump wait for nothing.
 */
export function useRested<T>(value: T, pause: number): T {
  const [rested, rest] = useState(value);
  const changed = useRef(Number.NEGATIVE_INFINITY);
  if (rested !== value && performance.now() - changed.current > pause) rest(value);
  useEffect(() => {
    changed.current = performance.now();
    const timer = setTimeout(() => rest(value), pause);
    return () => clearTimeout(timer);
  }, [value, pause]);
  return rested;
}
