import { useEffect, useState } from 'react';

export type Open = 'palette' | 'keys' | undefined;

/** usePalette opens the palette with Ctrl K, and the list of keys with a question mark outside of texts. */
export function usePalette(): [Open, (open: Open) => void] {
  const [open, setOpen] = useState<Open>();
  useEffect(() => {
    function press(event: KeyboardEvent) {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setOpen('palette');
      } else if (event.key === '?' && !event.ctrlKey && !event.metaKey && !writes(event.target)) {
        setOpen('keys');
      }
    }
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
  return [open, setOpen];
}

/** writes reports whether keys go into a text. */
function writes(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));
}
