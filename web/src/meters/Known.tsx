import { Anchor, Button } from '@mantine/core';
import { useEffect, useId, useRef, useState } from 'react';
import type { Schemas } from '../api/client';
import { iso } from '../chart/columns';
import type { Span } from '../chart/range';
import { energy } from '../format/energy';
import { dateTime, dayHour } from '../format/time';
import classes from './Known.module.css';

interface Props {
  span: Span;
  now: number;
  zone: string;
  /** The time as of which things are shown; undefined for now. */
  known: number | undefined;
  setKnown: (at: number | undefined) => void;
  state: Schemas['MeterState'] | undefined;
  open: (decision: string) => void;
}

const hour = 3_600;
const settles = 250; // milliseconds, until what the slider shows is asked for

/** Known is the slider through what the twin knew at any moment of the range that is shown. */
export function Known({ span, now, zone, known, setKnown, state, open }: Props) {
  const id = useId();
  const from = Math.ceil(span[0] / hour) * hour;
  const to = Math.min(now, Math.floor(span[1] / hour) * hour);
  const [place, setPlace] = useState(known ?? to);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setPlace(known ?? to), [known, to]);
  useEffect(() => () => clearTimeout(timer.current), []);
  if (to <= from) return null; // a range of the future
  const choose = (at: number) => {
    setPlace(at);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setKnown(at >= now ? undefined : at), settles);
  };
  const shown = Math.min(Math.max(place, from), to);
  const time = shown >= now ? 'now' : dateTime(iso(shown), zone);
  return (
    <div className={classes.known} role="group" aria-label="What the twin knew">
      <div className={classes.row}>
        <label htmlFor={id}>
          What the twin knew <b>{shown >= now ? 'now' : `on ${time}`}</b>
        </label>
        <input
          id={id}
          className={classes.slider}
          type="range"
          min={from}
          max={to}
          step={hour}
          value={shown}
          aria-valuetext={time}
          onChange={(e) => choose(Number(e.currentTarget.value))}
        />
        <Button size="compact-xs" variant="default" disabled={known === undefined} onClick={() => setKnown(undefined)}>
          Now
        </Button>
      </div>
      {known !== undefined && state && (
        <p className={classes.facts} role="status">
          {state.reading ? `Its newest reading was ${energy(state.reading.kwh)} of ${dayHour(state.reading.at, zone)}. ` : 'It had no reading of the week before. '}
          {state.forecast ? `The newest forecast was issued on ${dateTime(state.forecast.issuedAt, zone)} by ${state.forecast.model}. ` : 'It had no forecast. '}
          {state.decision ? (
            <>
              Its advice:{' '}
              <Anchor component="button" type="button" size="sm" c="var(--accent)" onClick={() => state.decision && open(state.decision.id)}>
                {state.decision.title}
              </Anchor>
            </>
          ) : (
            'It advised nothing.'
          )}
        </p>
      )}
    </div>
  );
}
