import type { Schemas } from '../api/client';
import { energy } from '../format/energy';
import { clock } from '../format/time';
import classes from './PlanBars.module.css';

const width = 640;
const height = 150;
const axis = 22;
const room = height - axis - 6;

/** PlanBars shows the change of each hour: above the line load is added, below it is taken away. */
export function PlanBars({ plan, zone }: { plan: Schemas['PlanPoint'][]; zone: string }) {
  const most = Math.max(1e-9, ...plan.map((p) => Math.abs(p.kwh ?? 0)));
  const up = Math.max(0, ...plan.map((p) => p.kwh ?? 0));
  const down = Math.max(0, ...plan.map((p) => -(p.kwh ?? 0)));
  const scale = room / Math.max(1e-9, up + down);
  const zero = 3 + up * scale;
  const step = width / plan.length;
  const label = (p: Schemas['PlanPoint']) => `${clock(p.at, zone)}: ${(p.kwh ?? 0) > 0 ? '+' : ''}${energy(p.kwh)}`;
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
        <span className={classes.most}>largest {energy(most)}</span>
      </figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} className={classes.svg} role="img" aria-label={`Plan by hour. ${plan.filter((p) => p.kwh).map(label).join('; ')}`}>
        {plan.map((p, i) => {
          const size = Math.abs(p.kwh ?? 0) * scale;
          const more = (p.kwh ?? 0) > 0;
          return (
            <g key={p.at}>
              <rect
                className={more ? classes.more : classes.less}
                x={i * step + step * 0.14}
                width={step * 0.72}
                y={more ? zero - size : zero}
                height={size}
                rx={2}
              >
                <title>{label(p)}</title>
              </rect>
              {i % 4 === 0 && (
                <text className={classes.tick} x={i * step + step * 0.14} y={height - 4}>
                  {clock(p.at, zone)}
                </text>
              )}
            </g>
          );
        })}
        <line className={classes.zero} x1={0} x2={width} y1={zero} y2={zero} />
      </svg>
    </figure>
  );
}
