import { Kbd, Modal } from '@mantine/core';
import classes from './Palette.module.css';

const keys: { keys: string[]; does: string }[] = [
  { keys: ['Ctrl', 'K'], does: 'Go to a page, meter, group or decision' },
  { keys: ['?'], does: 'List the keys' },
  { keys: ['Tab'], does: 'The next thing that can be used' },
  { keys: ['Enter'], does: 'Use it' },
  { keys: ['Esc'], does: 'Close what is open' },
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
