import { Kbd, Modal } from '@mantine/core';
import classes from './Palette.module.css';

const keys: { keys: string[]; does: string }[] = [
  { keys: ['Ctrl', 'K'], does: 'Go to a page, meter, group or decision' },
  { keys: ['?'], does: 'List the keys' },
  { keys: ['Tab'], does: 'The next thing that can be used' },
  { keys: ['Enter'], does: 'Use it' },
  { keys: ['Esc'], does: 'Close what is open' },
  { keys: ['←', '→'], does: 'In a chart: the hour before and after; with Ctrl the day' },
  { keys: ['+', '−'], does: 'In a chart: a shorter and a longer time; also Ctrl and the wheel' },
  { keys: ['PgUp', 'PgDn'], does: 'In a chart: the time before and after' },
  { keys: ['Backspace'], does: 'In a chart: back to the range before' },
  { keys: ['↑', '↓', '←', '→'], does: 'In the map of missing hours: the next group or day; Enter lists its meters' },
];

/** KeyList lists what the keys do. */
export function KeyList({ opened, close }: { opened: boolean; close: () => void }) {
  return (
    <Modal opened={opened} onClose={close} title="Keys" closeButtonProps={{ 'aria-label': 'Close' }}>
      <dl className={classes.keys}>
        {keys.map((k) => (
          <div key={k.does}>
            <dt>
              {k.keys.map((name) => (
                <Kbd key={name} mr={4}>
                  {name}
                </Kbd>
              ))}
            </dt>
            <dd>{k.does}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
