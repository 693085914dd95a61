import { Anchor } from '@mantine/core';
import { fileAddress, type FileFormat, type FileQuestion } from '../api/client';
import classes from './Downloads.module.css';

/** FileOf is something that the API writes as a file. */
export type FileOf = FileQuestion & { what: string };

const formats: { format: FileFormat; label: string }[] = [
  { format: 'csv', label: 'CSV' },
  { format: 'parquet', label: 'Parquet' },
  { format: 'ndjson', label: 'NDJSON' },
];

/** Downloads are links to files, each in every form that the API has. */
export function Downloads({ files }: { files: FileOf[] }) {
  return (
    <ul className={classes.files}>
      {files.map((f) => (
        <li key={f.what}>
          <span className={classes.what}>{f.what}</span>
          {formats.map(({ format, label }) => (
            <Anchor key={format} href={fileAddress(f, format)} download size="sm" c="var(--accent)" aria-label={`Download ${f.what.toLowerCase()} as ${label}`}>
              {label}
            </Anchor>
          ))}
        </li>
      ))}
    </ul>
  );
}
