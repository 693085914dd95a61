import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { decision, explanation, twin } from '../api/questions';
import card from '../app/Card.module.css';
import page from '../app/Page.module.css';
import { useTitle } from '../app/title';
import { DecisionView } from './DecisionView';

/** DecisionPage is a decision at an address of its own, to be sent to somebody. */
export function DecisionPage({ id }: { id: string }) {
  const zone = useQuery(twin).data?.data.timezone ?? 'UTC';
  const facts = useQuery(decision(id)).data?.data;
  const words = useQuery(explanation(id)).data?.data;
  useTitle(facts && words ? `${facts.meter ?? facts.group}: ${words.title}` : 'Decision');
  return (
    <div className={page.page}>
      <div>
        <Link href="/decisions" className={page.back}>
          Decisions
        </Link>
        <h1 className={page.title}>Why this decision</h1>
      </div>
      <div className={card.card}>
        <DecisionView id={id} zone={zone} />
      </div>
    </div>
  );
}
