import { useQuery } from '@tanstack/react-query';
import { type DecisionMode, twin } from '../api/questions';
import { hasEnded } from '../app/state';

/** useDecisionMode is the mode of the decisions that the twin makes now. */
export function useDecisionMode(): DecisionMode {
  return useQuery(twin).data?.data.policy === 'Shadow' ? 'Shadow' : 'Advisory';
}

/** useEnded reports whether the twin's replay has ended. */
export function useEnded(): boolean {
  const data = useQuery(twin).data?.data;
  return data !== undefined && hasEnded(data);
}
