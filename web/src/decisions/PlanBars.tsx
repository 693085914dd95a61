import type { Schemas } from '../api/client';
import { energy } from '../format/energy';
import { Bars } from './Bars';
import { largest, span } from './layout';
import classes from './PlanBars.module.css';

/** PlanBars shows what a plan changes in each hour, with a key to its colours. */
export function PlanBars({ plan, zone }: { plan: Schemas['PlanPoint'][]; zone: string }) {
  return (
    <figure className={classes.figure}>
      <figcaption className={classes.caption}>
        <span>Change of load per hour</span>
        <span className={classes.key}>
          <i data-more /> more
        </span>
        <span className={classes.key}>
          <i /> less
        </span>
        <span className={classes.most}>largest {energy(largest(plan))}</span>
      </figcaption>
      <Bars plan={plan} zone={zone} name="Plan" scale={122 / Math.max(1e-9, span(plan))} />
    </figure>
  );
}
