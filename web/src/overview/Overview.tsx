import { useQuery } from '@tanstack/react-query';
import { useDeferredValue } from 'react';
import { twin } from '../api/questions';
import { Failure } from '../app/Failure';
import page from '../app/Page.module.css';
import { useTitle } from '../app/title';
import { useRange } from '../chart/useRange';
import { DecisionsToDo } from '../decisions/DecisionsToDo';
import { DecisionDrawer, useOpenDecision } from '../decisions/DecisionDrawer';
import { DataQuality } from './DataQuality';
import { Figures } from './Figures';
import { GroupLoads } from './GroupLoads';
import { KeyFigures } from './KeyFigures';
import { LimitsAtRisk } from './LimitsAtRisk';
import { LoadCard } from './LoadCard';
import { Month } from './Month';
import classes from './Overview.module.css';
import { Replay } from './Replay';
import { spans, usual } from './spans';
import { TodayNote } from './TodayNote';

/** Overview is the first page: how the twin is doing now, and what it advises. */
export function Overview() {
  const { data, error, refetch } = useQuery(twin);
  const [, open] = useOpenDecision();
  const range = useRange(usual, spans.map((s) => s.value), data?.data.timezone ?? 'UTC');
  const rest = useDeferredValue(true, false); // the load is drawn before what stands below it
  useTitle();
  if (error && !data) return <Failure error={error} retry={refetch} />;
  const view = data?.data;
  return (
    <div className={`${page.page} ${classes.page}`}>
      <div className={page.head}>
        <h1 className={page.title}>{view?.name ?? ' '}</h1>
        {view && <TodayNote range={range.asked} zone={view.timezone} />}
        {view && <Replay twin={view} range={range} />}
      </div>
      <LimitsAtRisk zone={view?.timezone} />
      <div className={classes.columns}>
        <LoadCard range={range} zone={view?.timezone} />
        <DecisionsToDo zone={view?.timezone} open={open} />
      </div>
      {rest && (
        <>
          <Month />
          <div className={classes.columns}>
            <KeyFigures zone={view?.timezone} />
            <GroupLoads zone={view?.timezone} />
          </div>
          <Figures twin={view} from={data} />
          <DataQuality />
        </>
      )}
      <DecisionDrawer zone={view?.timezone ?? 'UTC'} />
    </div>
  );
}
