import { lazy, Suspense, useEffect } from 'react';
import { useOnceOpen } from '../app/openLater';
import type { Open } from './usePalette';

const loadPalette = () => import('./Palette');
const Palette = lazy(async () => ({ default: (await loadPalette()).Palette }));
const KeyList = lazy(async () => ({ default: (await import('./KeyList')).KeyList }));

/** rest is how long after the first page the palette is loaded, in milliseconds: it is to open at once. */
const rest = 3_000;

/** Dialogs are the palette and the list of keys. What the first page does not need is loaded after it. */
export function Dialogs({ opened, close }: { opened: Open; close: () => void }) {
  const palette = useOnceOpen(opened === 'palette');
  const keys = useOnceOpen(opened === 'keys');
  useEffect(() => {
    const later = setTimeout(() => void loadPalette().catch(() => undefined), rest); // opened, it is loaded again, and its failure shown
    return () => clearTimeout(later);
  }, []);
  return (
    <Suspense fallback={null}>
      {palette && <Palette open={opened === 'palette'} close={close} />}
      {keys && <KeyList open={opened === 'keys'} close={close} />}
    </Suspense>
  );
}
