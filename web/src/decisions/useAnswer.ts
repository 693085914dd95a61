import { useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, client } from '../api/client';
import { session } from '../api/questions';
import type { Verdict } from './answers';

export interface Answer {
  verdict: Verdict;
  until?: string;
  comment?: string;
}

/** useMayAnswer reports whether this session may answer decisions; undefined until that is known. */
export function useMayAnswer(): boolean | undefined {
  const scope = useQuery(session).data?.data.scope;
  return scope && scope !== 'read';
}

/** useAnswer sends an answer to decisions, and gives the errors of those that do not take it. */
export function useAnswer(): (ids: string[], given: Answer) => Promise<Error[]> {
  const queries = useQueryClient();
  return async (ids, given) => {
    const errors: Error[] = [];
    for (const id of ids) {
      try {
        await answer(client.POST('/api/v1/decisions/{id}/feedback', { params: { path: { id } }, body: given }));
      } catch (error) {
        errors.push(error as Error);
      }
    }
    await Promise.all([queries.invalidateQueries({ queryKey: ['decisions'] }), queries.invalidateQueries({ queryKey: ['decision'] })]);
    return errors;
  };
}
