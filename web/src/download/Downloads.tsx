import { Anchor } from '@mantine/core';
import { root } from '../api/client';
import classes from './Downloads.module.css';

/** FileOf is something that the API writes as a file. */
export interface FileOf {
  what: string;
  path: string;
  query: Record<string, string | undefined>;
}

const formats = [
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
            <Anchor key={format} href={addressOf(f, format)} download size="sm" c="var(--accent)" aria-label={`Download ${f.what.toLowerCase()} as ${label}`}>
              {label}
            </Anchor>
          ))}
        </li>
      ))}
    </ul>
  );
}

function addressOf(file: FileOf, format: string): string {
  const address = new URL(`api/v1/${file.path}`, root);
  for (const [name, value] of Object.entries({ ...file.query, format })) {
    if (value) address.searchParams.set(name, value);
  }
  return address.href;
}
