import { IconCircleCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { load } from '../api/questions';
import { useSetting } from '../app/address';
import { percent } from '../format/energy';
import { asForecast } from './today';
import classes from './TodayNote.module.css';

/** TodayNote is there when today goes as forecast, from the answer that the load is drawn of. */
export function TodayNote({ zone }: { zone: string }) {
  const [from] = useSetting('range', 'now-72h');
  const { data } = useQuery(load(from));
  const asOf = data?.meta.asOf;
  const today = asOf ? asForecast(data.data.points, asOf, zone) : undefined;
  if (!today) return null;
  return (
    <p className={classes.note}>
      <IconCircleCheck size={17} stroke={1.8} aria-hidden="true" />
      Today goes as forecast: {percent(today.off)} off, {today.inside} of {today.hours} hours inside the band
    </p>
  );
}
