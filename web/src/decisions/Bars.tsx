import type { Schemas } from '../api/client';
import { energy } from '../format/energy';
import { clock } from '../format/time';
import { axisHeight, layout, span } from './layout';
import classes from './Bars.module.css';

const width = 640;

interface Props {
  plan: Schemas['PlanPoint'][];
  zone: string;
  name: string; // what the picture shows, for those who do not see it
  scale: number; // height of a kWh; the picture is as high as its bars need
}

/** Bars draw the change of each hour: above the line load is added, below it is taken away. */
export function Bars({ plan, zone, name, scale }: Props) {
  const { zero, bars } = layout(plan, scale);
  const height = axisHeight + Math.max(8, span(plan) * scale);
  const step = width / plan.length;
  const label = (p: Schemas['PlanPoint']) => `${clock(p.at, zone)}: ${(p.kwh ?? 0) > 0 ? '+' : ''}${energy(p.kwh)}`;
  const changed = plan.filter((p) => p.kwh);
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      className={classes.svg}
      role="img"
      aria-label={`${name} by hour. ${changed.length > 0 ? changed.map(label).join('; ') : 'No change'}`}
    >
      {plan.map((p, i) => {
        const bar = bars[i] ?? { y: zero, size: 0, more: false };
        return (
          <g key={p.at}>
            <rect
              className={bar.more ? classes.more : classes.less}
              x={i * step + step * 0.14}
              width={step * 0.72}
              y={bar.y}
              height={bar.size}
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
  );
}
