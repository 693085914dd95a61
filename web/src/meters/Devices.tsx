import { useQuery } from '@tanstack/react-query';
import { spec } from '../api/questions';
import { Card } from '../app/Card';
import classes from './Devices.module.css';
import { devicesOf } from './devices';

/** Devices are what a meter has that can be planned. It is absent where there is none. */
export function Devices({ id, group }: { id: string; group: string | null }) {
  const { data } = useQuery(spec);
  const devices = devicesOf(data?.data.policy, id, group);
  if (devices.length === 0) return null;
  return (
    <Card from={data} title="Devices" note="Behind this meter, as the specification describes them">
      <ul className={classes.list}>
        {devices.map((d) => (
          <li key={d.name}>
            <strong>{d.kind}</strong> <span className={classes.name}>{d.name}</span>
            <span className={classes.facts}>{d.facts.join(' · ')}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
