import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Schemas } from '../api/client';
import { decision, explanation } from '../api/questions';
import { CopyCurl } from '../app/CopyCurl';
import { Fact } from '../app/Fact';
import { Failure } from '../app/Failure';
import { energy, money, percent, power } from '../format/energy';
import { dateTime } from '../format/time';
import classes from './DecisionView.module.css';
import { Feedback } from './Feedback';
import { Outcome } from './Outcome';
import { PlanItems } from './PlanItems';
import { PlanBars } from './PlanBars';
import { actionName } from './actions';
import { useEnded } from './mode';
import { statusName } from './words';

/** DecisionView answers why: the plan, what it is worth, and what it rests on. */
export function DecisionView({ id, zone }: { id: string; zone: string }) {
  const facts = useQuery(decision(id));
  const words = useQuery(explanation(id));
  const ended = useEnded();
  const error = facts.error ?? words.error;
  if (error) return <Failure error={error} retry={() => Promise.all([facts.refetch(), words.refetch()])} />;
  if (!facts.data || !words.data) return <Skeleton height={420} />;
  const d = facts.data.data;
  const inWords = words.data.data;
  return (
    <article className={classes.body}>
      <header className={classes.head}>
        <div>
          <p className={classes.subject}>
            {d.meter ?? d.group} · {actionName(d.action)} · {statusName(d.status, ended)}
          </p>
          <h2 className={classes.title}>{inWords.title}</h2>
        </div>
        <CopyCurl of="the decision" source={facts.data.source} />
      </header>
      <div className={classes.summary}>
        <p>{inWords.instruction}</p>
      </div>
      {d.plan.length > 0 && <PlanBars plan={d.plan} zone={zone} />}
      <Section title="Answer">
        <Feedback d={d} now={facts.data.meta.asOf} zone={zone} />
      </Section>
      {d.planItems.length > 0 && (
        <Section title="What each thing does">
          <PlanItems items={d.planItems} zone={zone} currency={d.currency} />
        </Section>
      )}
      <Section title="Why" action={<CopyCurl of="the reasons" source={words.data.source} />}>
        <Sentences of={inWords.why} />
      </Section>
      {d.action !== 'none' && <Worth d={d} sentences={inWords.worth} />}
      {d.realised && (
        <Section title="Outcome">
          <Outcome d={d} r={d.realised} />
        </Section>
      )}
      <Remarks title="What weighed in it" remarks={inWords.factors} />
      <Remarks title="What held it back" remarks={inWords.constraints} />
      <Remarks title="What was rejected" remarks={inWords.alternatives} />
      <Basis d={d} zone={zone} />
    </article>
  );
}

function Section({ title, action, children }: { title: string; action?: ReactNode; children: ReactNode }) {
  return (
    <section>
      <div className={classes.head}>
        <h3 className={classes.section}>{title}</h3>
        {action}
      </div>
      {children}
    </section>
  );
}

function Sentences({ of }: { of: string[] }) {
  return (
    <div className={classes.summary}>
      {of.map((s) => (
        <p key={s}>{s}</p>
      ))}
    </div>
  );
}

function Remarks({ title, remarks }: { title: string; remarks: Schemas['Remark'][] }) {
  if (remarks.length === 0) return null;
  return (
    <Section title={title}>
      <ul className={classes.remarks}>
        {remarks.map((r) => (
          <li key={r.code + r.text}>{r.text}</li>
        ))}
      </ul>
    </Section>
  );
}

function Worth({ d, sentences }: { d: Schemas['Decision']; sentences: string[] }) {
  return (
    <Section title="What it is worth">
      <Sentences of={sentences} />
      <dl className={classes.facts}>
        <Fact label="Expected saving">
          {money(d.savingP50, d.currency)}
          <small>
            {money(d.savingP10, d.currency)} to {money(d.savingP90, d.currency)}
          </small>
        </Fact>
        <Fact label="Chance that it pays">{percent(d.confidence)}</Fact>
        <Fact label="Energy moved">{energy(d.kwhShifted)}</Fact>
        <Fact label="Highest hour">
          {power(d.peakAfterKw)}
          <small>{power(d.peakBeforeKw)} without the plan</small>
        </Fact>
        {d.capKw !== null && <Fact label={d.meter === null ? 'Limit' : 'Highest hour to keep'}>{power(d.capKw)}</Fact>}
        {d.priceThreshold !== null && (
          <Fact label="Avoid hours above">{`${money(d.priceThreshold, d.currency)} per kWh`}</Fact>
        )}
      </dl>
    </Section>
  );
}

function Basis({ d, zone }: { d: Schemas['Decision']; zone: string }) {
  const p = d.provenance;
  return (
    <Section title="What it rests on">
      <dl className={classes.facts}>
        <Fact label="Issued">{dateTime(d.issuedAt, zone)}</Fact>
        {d.heldTo !== d.validTo && <Fact label="Held until">{dateTime(d.heldTo, zone)}, then it was revised</Fact>}
        <Fact label="Newest reading">{dateTime(d.inputs.lastReadingAt, zone)}</Fact>
        <Fact label="Missing in 7 days before">{percent(d.inputs.missingShare)}</Fact>
        <Fact label="Model">
          {p.model || '–'}
          {p.modelVersion && <small>version {p.modelVersion}</small>}
        </Fact>
        {p.tariff && <Fact label="Tariff">{p.tariff}</Fact>}
        {p.specHash && (
          <Fact label="Specification">
            <code>{p.specHash.slice(0, 12)}</code>
          </Fact>
        )}
      </dl>
    </Section>
  );
}
