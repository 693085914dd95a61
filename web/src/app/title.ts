import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { twin } from '../api/questions';

/** useTitle names the page in the browser's tab and history. */
export function useTitle(page?: string): void {
  const name = useQuery(twin).data?.data.name;
  const title = [page, name, 'EnergyTwin'].filter(Boolean).join(' · ');
  useEffect(() => {
    document.title = title;
  }, [title]);
}
