import type { Schemas } from '../api/client';
import { energy, money } from '../format/energy';
import { Bars } from './Bars';
import { largest, span } from './layout';
import classes from './PlanBars.module.css';
import { itemName } from './actions';

interface Props {
  items: Schemas['PlanItem'][];
  zone: string;
  currency: string;
}

/** PlanItems shows what each thing behind the meter contributes to the plan, on one scale. */
export function PlanItems({ items, zone, currency }: Props) {
  const scale = 90 / Math.max(1e-9, ...items.map((p) => span(p.plan)));
  return (
    <div className={classes.items}>
      {items.map((p, i) => (
        <figure key={`${p.action} ${i}`} className={classes.figure}>
          <figcaption className={classes.caption}>
            <span className={classes.name}>{itemName(p.action)}</span>
            {p.saving !== null && <span>saves {money(p.saving, currency)}</span>}
            <span className={classes.most}>largest {energy(largest(p.plan))}</span>
          </figcaption>
          <Bars plan={p.plan} zone={zone} name={`${itemName(p.action)}: change`} scale={scale} />
        </figure>
      ))}
    </div>
  );
}
