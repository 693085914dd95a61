import type { Schemas } from '../api/client';
import { count } from '../format/energy';
import { Rejected } from './Rejected';
import classes from './quality.module.css';

/** FileQuality shows what of the file of readings was rejected, and how the file was read. */
export function FileQuality({ file }: { file: Schemas['DatasetQuality'] }) {
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
