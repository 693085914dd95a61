import { useQuery } from '@tanstack/react-query';
import type { Schemas } from '../api/client';
import { quality } from '../api/questions';
import { Card } from '../app/Card';
import { Failure } from '../app/Failure';
import { count } from '../format/energy';
import classes from './DataQuality.module.css';

/** DataQuality shows what was rejected of the stream and of the file of readings, and how the file was read. */
export function DataQuality() {
  const { data, error, refetch } = useQuery(quality);
  if (error && !data) {
    return (
      <Card title="Data quality">
        <Failure error={error} retry={refetch} />
      </Card>
    );
  }
  const view = data?.data;
  if (!view || (view.byReason.length === 0 && !view.dataset)) return null;
  return (
    <Card title="Data quality" note="Rejected readings are counted and shown, and used for nothing">
      <div className={classes.halves}>
        {view.dataset && <File file={view.dataset} />}
        <Rejected title="Rejected messages" total={view.counts.quarantined} reasons={view.byReason} />
      </div>
    </Card>
  );
}

function File({ file }: { file: Schemas['DatasetQuality'] }) {
  return (
    <div>
      <Rejected title="Rejected rows of the file" total={file.rejectedRows} reasons={file.byReason} />
      {file.rows.length > 0 && (
        <details className={classes.details}>
          <summary>{file.rows.length < file.rejectedRows ? `The first ${count(file.rows.length)} rows` : 'The rows'}</summary>
          <ul className={classes.rows}>
            {file.rows.map((row) => (
              <li key={`${row.line} ${row.column}`}>
                Line {count(row.line)}
                {row.column && `, column ${row.column}`}: {row.reason}
                <code className={classes.text}>{row.text}</code>
              </li>
            ))}
          </ul>
        </details>
      )}
      {file.findings.length > 0 && (
        <details className={classes.details} open={file.findings.some((text) => text.startsWith('warning'))}>
          <summary>How the file was read</summary>
          <ul className={classes.rows}>
            {file.findings.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

interface RejectedProps {
  title: string;
  total: number;
  reasons: Schemas['ReasonCount'][];
}

function Rejected({ title, total, reasons }: RejectedProps) {
  return (
    <div>
      <h3 className={classes.title}>
        {title} <span className={classes.total}>{count(total)}</span>
      </h3>
      {reasons.length > 0 && (
        <dl className={classes.reasons}>
          {reasons.map((r) => (
            <div key={r.reason} className={classes.reason}>
              <dt>{r.reason}</dt>
              <dd>{count(r.count)}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
