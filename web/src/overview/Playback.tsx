import { ActionIcon, Tooltip } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import type { RangeControl } from '../chart/useRange';
import { day } from '../format/time';
import { iso } from '../chart/columns';
import classes from './Playback.module.css';
import { lastDay, moment, placeOf } from './playback';

const pace = 1_200; // milliseconds a day: the load of each can be seen

/** Playback goes through the last four weeks of a replay, day by day, in the charts that share the range. */
export function Playback({ range, now, zone }: { range: RangeControl; now: string; zone: string }) {
  const [playing, setPlaying] = useState(false);
  const time = Date.parse(now) / 1000;
  const place = placeOf(range.span, time, zone);
  const go = (to: number) => (to >= lastDay ? range.reset() : range.play(moment(to, time, zone)));
  const latest = useRef(() => {});
  latest.current = () => {
    if (place >= lastDay) return setPlaying(false);
    go(place + 1);
  };
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => latest.current(), pace);
    return () => clearInterval(timer);
  }, [playing]);
  const start = () => {
    if (place >= lastDay) go(0);
    setPlaying(true);
  };
  const shown = place >= lastDay ? 'now' : day(iso(moment(place, time, zone)[1] - 1), zone);
  const label = playing ? 'Pause' : 'Play the last four weeks';
  return (
    <span className={classes.playback} role="group" aria-label="Playback">
      <Tooltip label={label}>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label={label} onClick={playing ? () => setPlaying(false) : start}>
          {playing ? <IconPlayerPause size={15} stroke={1.8} /> : <IconPlayerPlay size={15} stroke={1.8} />}
        </ActionIcon>
      </Tooltip>
      <input
        className={classes.slider}
        type="range"
        min={0}
        max={lastDay}
        value={place}
        aria-label="Day of the last four weeks"
        aria-valuetext={shown}
        onChange={(e) => {
          setPlaying(false);
          go(Number(e.currentTarget.value));
        }}
      />
      <span className={classes.shown}>{shown}</span>
    </span>
  );
}
