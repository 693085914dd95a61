import type { ReactNode } from 'react';
import type { Schemas } from '../api/client';
import type { AccuracyBy } from '../api/questions';
import { number, percent } from '../format/energy';
import classes from './AccuracyBars.module.css';
import { keyName } from './accuracy';

interface Props {
  lines: Schemas['AccuracyLine'][];
  by: AccuracyBy;
  /** How a key is shown; its name if left out. */
  name?: (key: string) => ReactNode;
}

/** AccuracyBars shows a line of the accuracy after the other, with the error as a bar. */
export function AccuracyBars({ lines, by, name = (key) => keyName(by, key) }: Props) {
  const most = Math.max(1, ...lines.map((l) => l.relMae ?? 0)) * 1.02;
  const share = (v: number) => `${(v / most) * 100}%`;
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th scope="col">{by === 'meter' ? 'Meter' : by === 'group' ? 'Group' : 'When'}</th>
          <th scope="col" className={classes.wide}>
            Error, 1 is the week before
          </th>
          <th scope="col" className={classes.right}>
            In the band
          </th>
        </tr>
      </thead>
      <tbody>
        {lines.map((l) => (
          <tr key={l.key}>
            <th scope="row">{name(l.key)}</th>
            <td className={classes.wide}>
              <span className={classes.track} aria-hidden="true">
                <span className={classes.fill} data-over={(l.relMae ?? 0) > 1 || undefined} style={{ width: share(l.relMae ?? 0) }} />
                <span className={classes.one} style={{ left: share(1) }} />
              </span>
              <span className={classes.value}>{number(l.relMae)}</span>
            </td>
            <td className={classes.right}>{percent(l.coverage)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
