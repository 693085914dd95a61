import { ActionIcon, Button, Group, Popover, SegmentedControl, TextInput, Tooltip } from '@mantine/core';
import { IconArrowBackUp, IconCalendar, IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { type FormEvent, type ReactNode, useState } from 'react';
import { dateLater, dateOf, startOf } from '../format/zone';
import { bucketOf } from './buckets';
import { ahead } from './range';
import classes from './RangeBar.module.css';
import type { RangeControl } from './useRange';

const day = 86_400;
const fewDays = 14 * day;

/** RangeBar chooses the range of the charts of a page: relative to now, the one before or after, or from one date to another. */
export function RangeBar({ range, presets, zone }: { range: RangeControl; presets: { value: string; label: string }[]; zone: string }) {
  const { shown, now } = range;
  const length = shown.current ? shown.current[1] - shown.current[0] : 0;
  const last = now.current !== undefined && shown.current !== undefined && shown.current[1] >= now.current + ahead;
  return (
    <div className={classes.bar} role="group" aria-label="Time shown">
      <SegmentedControl size="xs" value={range.preset} onChange={range.setPreset} data={presets} aria-label="Up to now" />
      {length > fewDays && (
        <SegmentedControl
          size="xs"
          value={bucketOf(length, range.by)}
          onChange={(v) => range.setBy(v === bucketOf(length, 'auto') ? 'auto' : (v as 'hour' | 'day'))}
          data={[{ value: 'hour', label: 'Hours' }, { value: 'day', label: 'Days' }]}
          aria-label="Drawn by"
        />
      )}
      <Group gap={2} wrap="nowrap">
        <Step label="The time before" onClick={() => range.step(-1)}>
          <IconChevronLeft size={17} stroke={1.8} />
        </Step>
        <Step label="The time after" onClick={() => range.step(1)} disabled={last}>
          <IconChevronRight size={17} stroke={1.8} />
        </Step>
        <Dates range={range} zone={zone} />
        {(range.canUndo || range.preset === '') && (
          <Step label={range.canUndo ? 'Back to the range before' : 'Back to the usual range'} onClick={range.canUndo ? range.undo : range.reset}>
            <IconArrowBackUp size={17} stroke={1.8} />
          </Step>
        )}
      </Group>
    </div>
  );
}

function Step({ label, onClick, disabled = false, children }: { label: string; onClick: () => void; disabled?: boolean; children: ReactNode }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={onClick} disabled={disabled}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

function Dates({ range, zone }: { range: RangeControl; zone: string }) {
  const [opened, setOpened] = useState(false);
  const [wrong, setWrong] = useState('');
  const [from, to] = range.shown.current ?? [0, 0];
  function choose(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const first = startOf(String(form.get('first')), zone);
    const end = startOf(dateLater(String(form.get('last')), 1), zone);
    if (!(end > first)) return setWrong('The last day lies before the first.');
    if (end - first > 366 * day) return setWrong('At most a year is shown at once.');
    setWrong('');
    setOpened(false);
    range.show([first, end]);
  }
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <Tooltip label="From one day to another">
          <ActionIcon variant="subtle" color="gray" aria-label="From one day to another" aria-expanded={opened} onClick={() => setOpened(!opened)}>
            <IconCalendar size={17} stroke={1.8} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown>
        <form className={classes.dates} onSubmit={choose}>
          <TextInput size="xs" type="date" name="first" label="First day" required defaultValue={to > 0 ? dateOf(from, zone) : ''} />
          <TextInput size="xs" type="date" name="last" label="Last day" required defaultValue={to > 0 ? dateOf(to - 1, zone) : ''} aria-invalid={wrong !== '' || undefined} />
          {wrong && (
            <p className={classes.wrong} role="alert">
              {wrong}
            </p>
          )}
          <Button size="xs" type="submit">
            Show
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
