import type { Schemas } from '../api/client';
import { percent } from '../format/energy';
import classes from './Reliability.module.css';
import { reliability } from './accuracy';

const size = 220; // of the square, in the units of the drawing
const margin = { left: 40, right: 20, bottom: 34 };
const ticks = [0, 0.25, 0.5, 0.75, 1];

/** Reliability shows how often the load was at or below each quantile of the forecasts: on the diagonal it was as often as they promise. */
export function Reliability({ line }: { line: Schemas['AccuracyLine'] }) {
  const points = reliability(line);
  if (points.length === 0) return null;
  const x = (share: number) => margin.left + share * size;
  const y = (share: number) => 8 + (1 - share) * size;
  return (
    <div className={classes.body}>
      <svg className={classes.drawing} viewBox={`0 0 ${margin.left + size + margin.right} ${size + 8 + margin.bottom}`} role="img" aria-label={points.map((p) => `${p.name}: ${percent(p.observed)} of the hours, ${percent(p.promised)} is right`).join('; ')}>
        {ticks.map((t) => (
          <g key={t}>
            <line className={classes.grid} x1={x(0)} x2={x(1)} y1={y(t)} y2={y(t)} />
            <text className={classes.tick} x={x(0) - 6} y={y(t) + 4} textAnchor="end">
              {percent(t)}
            </text>
            <text className={classes.tick} x={x(t)} y={y(0) + 16} textAnchor="middle">
              {percent(t)}
            </text>
          </g>
        ))}
        <line className={classes.right} x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
        <polyline className={classes.observed} points={points.map((p) => `${x(p.promised)},${y(p.observed)}`).join(' ')} />
        {points.map((p) => (
          <circle key={p.name} className={classes.point} cx={x(p.promised)} cy={y(p.observed)} r={4.5} />
        ))}
      </svg>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Quantile</th>
            <th scope="col">Is right</th>
            <th scope="col">Was at or below</th>
          </tr>
        </thead>
        <tbody>
          {points.map((p) => (
            <tr key={p.name}>
              <th scope="row">{p.name}</th>
              <td>{percent(p.promised)}</td>
              <td>{percent(p.observed)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
