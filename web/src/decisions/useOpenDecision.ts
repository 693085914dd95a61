import { useSetting } from '../app/address';

/** useOpenDecision is the decision whose reasons are open beside the page; empty if there is none. */
export const useOpenDecision = () => useSetting<string>('decision', '');
