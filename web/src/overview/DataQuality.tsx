import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { quality } from '../api/questions';
import { Card } from '../app/Card';
import { Failure } from '../app/Failure';
import { FileQuality } from '../quality/FileQuality';
import { Rejected } from '../quality/Rejected';
import classes from '../quality/quality.module.css';

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
    <Card
      from={data}
      title="Data quality"
      note="Rejected readings are counted and shown, and used for nothing"
      action={
        <Anchor component={Link} href="/data-quality" size="sm" c="var(--accent)">
          All about it
        </Anchor>
      }
    >
      <div className={classes.halves}>
        {view.dataset && <FileQuality file={view.dataset} />}
        <Rejected title="Rejected messages" total={view.counts.quarantined} reasons={view.byReason} />
      </div>
    </Card>
  );
}
