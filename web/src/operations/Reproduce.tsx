import { Button, CopyButton, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { stringify } from 'yaml';
import { spec, twin } from '../api/questions';
import { Card } from '../app/Card';
import { Failure } from '../app/Failure';
import classes from './OperationsPage.module.css';
import { commands } from './reproduce';

/** Reproduce shows what the rows of the twin follow from: the same image, specification and data give the same rows. */
export function Reproduce({ image }: { image: string | undefined }) {
  const { data, error, refetch } = useQuery(spec);
  const of = useQuery(twin).data?.data;
  const text = useMemo(() => data && stringify(data.data, { lineWidth: 0 }), [data]);
  return (
    <Card
      from={data}
      title="How to reproduce this twin"
      note="The same image, specification and readings give the same forecasts and decisions"
      action={text && <Copy text={text} of="the YAML" />}
    >
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={220} />}
      {data && (
        <>
          <dl className={classes.facts}>
            <Hash label="Hash of the specification" value={data.data.specHash} />
            <Hash label="Image" value={image} />
            <Hash label="SHA-256 of the readings" value={data.data.dataset.sha256} otherwise="computed from the specification" />
          </dl>
          {of && <Commands of={of} hash={data.data.specHash} />}
          <pre className={classes.spec} role="region" tabIndex={0} aria-label="Specification">
            {text}
          </pre>
        </>
      )}
    </Card>
  );
}

function Hash({ label, value, otherwise = 'not known' }: { label: string; value: string | undefined; otherwise?: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value ? <code>{value}</code> : otherwise}</dd>
    </div>
  );
}

function Commands({ of, hash }: { of: { namespace: string; name: string }; hash: string }) {
  const steps = commands(of, hash);
  return (
    <>
      <div className={classes.commandsHead}>
        <h3 className={classes.subtitle}>On a laptop</h3>
        <Copy text={steps.map((s) => s.command).join('\n')} of="the commands" />
      </div>
      <ol className={classes.commands}>
        {steps.map((s) => (
          <li key={s.command}>
            {s.what}
            <code>{s.command}</code>
          </li>
        ))}
      </ol>
    </>
  );
}

function Copy({ text, of }: { text: string; of: string }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Button size="xs" variant="default" onClick={copy}>
          {copied ? 'Copied' : `Copy ${of}`}
        </Button>
      )}
    </CopyButton>
  );
}
