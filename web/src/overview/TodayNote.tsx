import { IconCircleCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { load } from '../api/questions';
import type { Asked } from '../chart/range';
import { counted, percent } from '../format/energy';
import { asForecast } from './today';
import classes from './TodayNote.module.css';

/** TodayNote is there when today goes as forecast, from the answer that the load is drawn of. */
export function TodayNote({ range, zone }: { range: Asked; zone: string }) {
  const { data } = useQuery(load(range));
  const asOf = data?.meta.asOf;
  const today = asOf ? asForecast(data.data.points, asOf, zone) : undefined;
  if (!today) return null;
  return (
    <p className={classes.note}>
      <IconCircleCheck size={17} stroke={1.8} aria-hidden="true" />
      Today goes as forecast: {percent(today.off)} off, {today.inside} of {counted(today.hours, 'hour')} inside the band
    </p>
  );
}
