import { CopyButton, Button, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { spec } from '../api/questions';
import { Card } from '../app/Card';
import { Failure } from '../app/Failure';
import classes from './OperationsPage.module.css';

/** Reproduce shows what the rows of the twin follow from: the same image, specification and data give the same rows. */
export function Reproduce({ image }: { image: string | undefined }) {
  const { data, error, refetch } = useQuery(spec);
  const text = data && JSON.stringify(data.data, null, 2);
  return (
    <Card
      from={data}
      title="How to reproduce this twin"
      note="The same image, specification and readings give the same forecasts and decisions"
      action={
        text && (
          <CopyButton value={text}>
            {({ copied, copy }) => (
              <Button size="xs" variant="default" onClick={copy}>
                {copied ? 'Copied' : 'Copy the specification'}
              </Button>
            )}
          </CopyButton>
        )
      }
    >
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={220} />}
      {data && (
        <>
          <dl className={classes.facts}>
            <div>
              <dt>Hash of the specification</dt>
              <dd>
                <code>{data.data.specHash}</code>
              </dd>
            </div>
            {image && (
              <div>
                <dt>Image</dt>
                <dd>
                  <code>{image}</code>
                </dd>
              </div>
            )}
            <div>
              <dt>On a laptop</dt>
              <dd>
                <code>energytwin local -f twin.yaml</code>
              </dd>
            </div>
          </dl>
          <pre className={classes.spec} role="region" tabIndex={0} aria-label="Specification">
            {text}
          </pre>
        </>
      )}
    </Card>
  );
}
