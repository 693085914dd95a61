import { Anchor, Drawer } from '@mantine/core';
import { Link } from 'wouter';
import { addressOf } from '../app/address';
import { useOpenLater } from '../app/openLater';
import classes from './WhyDrawer.module.css';
import { DecisionView } from './DecisionView';
import { useOpenDecision } from './useOpenDecision';

/** WhyDrawer shows the open decision beside the page, which keeps its place. */
export function WhyDrawer({ zone }: { zone: string }) {
  const [id, open] = useOpenDecision();
  const opened = useOpenLater(id !== '');
  return (
    <Drawer
      opened={opened}
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
