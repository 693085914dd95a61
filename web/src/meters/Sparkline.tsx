import { energy } from '../format/energy';
import { sparkOf } from './spark';
import classes from './Sparkline.module.css';

const width = 96;
const height = 24;

/** Sparkline draws the last hours of a meter, without axes: its shape is what counts. */
export function Sparkline({ kwh }: { kwh: (number | null)[] }) {
  const spark = sparkOf(kwh, width, height);
  if (!spark) return <>–</>;
  return (
    <svg className={classes.spark} width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`${energy(spark.least)} to ${energy(spark.most)}`}>
      {spark.least < 0 && <line className={classes.zero} x1="0" x2={width} y1={spark.zero} y2={spark.zero} />}
      <path className={classes.line} d={spark.path} />
    </svg>
  );
}
