import { NativeSelect, SegmentedControl, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { type AccuracyBy, type AccuracyOf, accuracy } from '../api/questions';
import { addressOf, useSetting } from '../app/address';
import { Card } from '../app/Card';
import { CopyCurl } from '../app/CopyCurl';
import { Empty } from '../app/Empty';
import { Failure } from '../app/Failure';
import figures from '../app/Figures.module.css';
import page from '../app/Page.module.css';
import { useTitle } from '../app/title';
import { Downloads } from '../download/Downloads';
import { count, number, percent } from '../format/energy';
import { AccuracyBars } from './AccuracyBars';
import { comparison, worst } from './accuracy';
import { Reliability } from './Reliability';

const spans = [
  { value: 'now-8d', label: '1 week' },
  { value: 'now-29d', label: '4 weeks' },
  { value: 'now-92d', label: '3 months' },
];

const ofs: { value: AccuracyOf; label: string }[] = [
  { value: 'meters', label: 'Meters' },
  { value: 'groups', label: 'Groups' },
];

const bys: { value: AccuracyBy; label: string }[] = [
  { value: 'lead', label: 'By hours ahead' },
  { value: 'hour', label: 'By hour of the day' },
  { value: 'weekday', label: 'By weekday' },
  { value: 'day', label: 'By day' },
  { value: 'month', label: 'By month' },
];

/** Forecasts shows how close the forecasts were to what was measured. */
export function Forecasts() {
  useTitle('Forecasts');
  const [of, setOf] = useSetting<AccuracyOf>('of', 'meters', ofs.map((o) => o.value));
  const [by, setBy] = useSetting<AccuracyBy>('by', 'lead', bys.map((b) => b.value));
  const [from, setFrom] = useSetting('range', 'now-8d', spans.map((s) => s.value));
  const { data, error, refetch, isPlaceholderData } = useQuery(accuracy(of, by, from));
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1 className={page.title}>Forecasts</h1>
        <div className={page.filters}>
          <SegmentedControl size="xs" data={ofs} value={of} onChange={setOf} aria-label="Forecasts of" />
          <SegmentedControl size="xs" data={spans} value={from} onChange={setFrom} aria-label="Time shown" />
        </div>
      </div>
      <Total of={of} from={from} />
      <Card
        from={data}
        title="Error beside that of the week before"
        note="The line is the error of repeating the same hour of a week ago: shorter bars are better. The share is that of the hours inside the 80 % band"
        action={
          <NativeSelect size="xs" data={bys} value={by} onChange={(e) => setBy(e.currentTarget.value as AccuracyBy)} aria-label="By" />
        }
      >
        {error && !data && <Failure error={error} retry={refetch} />}
        {!data && !error && <Skeleton height={420} />}
        {data?.data.lines.length === 0 && <Nothing />}
        {data && data.data.lines.length > 0 && (
          <div className={isPlaceholderData ? page.old : undefined}>
            <AccuracyBars lines={data.data.lines} by={data.data.by as AccuracyBy} />
          </div>
        )}
      </Card>
      <Reliable of={of} from={from} />
      <Worst of={of} from={from} />
      <Card title="As files" note="All meters, every hour of the time chosen above">
        <Downloads
          files={[
            { what: 'Forecasts', path: '/api/v1/forecasts', query: { from, dayAhead: true } },
            { what: 'Readings', path: '/api/v1/history', query: { from, groupBy: 'meter', step: '1h' } },
            { what: 'Decisions', path: '/api/v1/decisions', query: { from } },
            { what: 'Key figures by day', path: '/api/v1/kpis', query: { from, by: 'day', groupBy: 'meter' } },
          ]}
        />
      </Card>
    </div>
  );
}

/** Reliable shows whether the quantiles hold as often as they promise, of the answer that is summed up above. */
function Reliable({ of, from }: { of: AccuracyOf; from: string }) {
  const { data, isPlaceholderData } = useQuery(accuracy(of, 'none', from));
  const line = data?.data.lines[0];
  if (!line) return null;
  return (
    <Card from={data} title="Reliability" note="How often the load was at or below each quantile. On the dashed line it was as often as the forecasts promise; above it they are too high, below it too low">
      <div className={isPlaceholderData ? page.old : undefined}>
        <Reliability line={line} />
      </div>
    </Card>
  );
}

function Nothing() {
  return <Empty title="Nothing to compare yet">An hour is compared once it is over, and has a measurement of the week before beside it.</Empty>;
}

function Total({ of, from }: { of: AccuracyOf; from: string }) {
  const { data, isPlaceholderData } = useQuery(accuracy(of, 'none', from));
  const total = data?.data.lines[0];
  if (!data) return <Skeleton height={96} />;
  if (!total) return null;
  const facts: [string, string, string][] = [
    ['Error', total.relMae === null ? number(null) : number(total.relMae), comparison(total.relMae)],
    ['Inside the 80 % band', percent(total.coverage), '80 % is right'],
    ['Loss of the quantiles', number(total.relPinball), 'beside the week before; less is better'],
    ['Compared', count(total.hours), `hours of ${count(total.series)} ${of}`],
  ];
  return (
    <dl className={`${figures.row} ${isPlaceholderData ? page.old : ''}`} aria-label="All hours together">
      {facts.map(([label, value, note], i) => (
        <div key={label} className={figures.figure}>
          <dt className={figures.label}>{label}</dt>
          {i === 0 && (
            <dd className={figures.copy}>
              <CopyCurl of="All hours together" source={data.source} />
            </dd>
          )}
          <dd className={figures.value}>{value}</dd>
          <dd className={figures.note}>{note}</dd>
        </div>
      ))}
    </dl>
  );
}

const mostNamed = 10;

function Worst({ of, from }: { of: AccuracyOf; from: string }) {
  const { data, error, refetch } = useQuery(accuracy(of, of === 'meters' ? 'meter' : 'group', from));
  const lines = data && worst(data.data.lines, mostNamed);
  return (
    <Card from={data} title={of === 'meters' ? 'Meters that are hardest to forecast' : 'Groups that are hardest to forecast'} note="By their error beside that of the week before">
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={220} />}
      {lines?.length === 0 && <Nothing />}
      {lines && lines.length > 0 && (
        <AccuracyBars
          lines={lines}
          by={of === 'meters' ? 'meter' : 'group'}
          name={(key) => (
            <Link className={page.link} href={addressOf(of, key)}>
              {key}
            </Link>
          )}
        />
      )}
    </Card>
  );
}
