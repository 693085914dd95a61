import { lazy, Suspense } from 'react';
import { useOnceOpen } from '../app/openLater';
import { useOpenDecision } from './useOpenDecision';

const WhyDrawer = lazy(async () => ({ default: (await import('./WhyDrawer')).WhyDrawer }));

/** DecisionDrawer shows the open decision beside the page. It is loaded when one is opened first. */
export function DecisionDrawer({ zone }: { zone: string }) {
  const [id] = useOpenDecision();
  return useOnceOpen(id !== '') && (
    <Suspense fallback={null}>
      <WhyDrawer zone={zone} />
    </Suspense>
  );
}
