import { Button, Menu } from '@mantine/core';
import type { Snooze, Verdict } from './answers';
import type { Answer } from './useAnswer';

interface Props {
  takes: Verdict[];
  snoozes: Snooze[];
  busy: boolean;
  give: (answer: Answer) => void;
}

/** AnswerButtons offer the answers that a decision, or each of several, takes. */
export function AnswerButtons({ takes, snoozes, busy, give }: Props) {
  return (
    <>
      {takes.includes('accepted') && (
        <Button size="xs" disabled={busy} onClick={() => give({ verdict: 'accepted' })}>
          Accept
        </Button>
      )}
      {takes.includes('rejected') && (
        <Button size="xs" variant="default" disabled={busy} onClick={() => give({ verdict: 'rejected' })}>
          Reject
        </Button>
      )}
      {takes.includes('snoozed') && snoozes.length > 0 && (
        <Menu position="bottom-start" withinPortal={false}>
          <Menu.Target>
            <Button size="xs" variant="default" disabled={busy}>
              Snooze
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {snoozes.map((s) => (
              <Menu.Item key={s.label} onClick={() => give({ verdict: 'snoozed', until: s.until })}>
                {s.label}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
      {takes.includes('followed') && (
        <Button size="xs" variant="default" disabled={busy} onClick={() => give({ verdict: 'followed' })}>
          It was followed
        </Button>
      )}
    </>
  );
}
