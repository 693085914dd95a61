import { useQuery } from '@tanstack/react-query';
import { type DecisionMode, twin } from '../api/questions';

/** useDecisionMode is the mode of the decisions that the twin makes now. */
export function useDecisionMode(): DecisionMode {
  return useQuery(twin).data?.data.policy === 'Shadow' ? 'Shadow' : 'Advisory';
}
