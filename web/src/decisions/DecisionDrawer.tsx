import { Anchor, Drawer } from '@mantine/core';
import { Link } from 'wouter';
import { addressOf, useSetting } from '../app/address';
import classes from './DecisionDrawer.module.css';
import { DecisionView } from './DecisionView';

/** useOpenDecision is the decision whose reasons are open beside the page; empty if there is none. */
export const useOpenDecision = () => useSetting<string>('decision', '');

/** DecisionDrawer shows the open decision beside the page, which keeps its place. */
export function DecisionDrawer({ zone }: { zone: string }) {
  const [id, open] = useOpenDecision();
  return (
    <Drawer
      opened={id !== ''}
      onClose={() => open('')}
      position="right"
      size="lg"
      title="Why this decision"
      closeButtonProps={{ 'aria-label': 'Close' }}
      classNames={{ content: classes.content, header: classes.header, title: classes.heading }}
    >
      {id && <DecisionView id={id} zone={zone} />}
      {id && (
        <p className={classes.permanent}>
          <Anchor component={Link} href={addressOf('decisions', id)} size="sm" c="var(--accent)">
            Open on a page of its own
          </Anchor>
        </p>
      )}
    </Drawer>
  );
}
