import { Checkbox } from '@mantine/core';
import type { Schemas } from '../api/client';
import { money, power } from '../format/energy';
import { relativeDay } from '../format/time';
import { actionIcon, actionName } from './actions';
import { useEnded } from './mode';
import { verdictName } from './answers';
import { capital, statusName } from './words';
import classes from './DecisionList.module.css';

type Header = Schemas['DecisionHeader'];

interface Props {
  decisions: Header[];
  now: string | null;
  zone: string;
  open: (id: string) => void;
  byDay?: boolean; // name each by its day: all are about one meter
  picking?: Picking | undefined;
}

/** Picking lets people pick some of the decisions. */
export interface Picking {
  picked: ReadonlySet<string>;
  may: (d: Header) => boolean;
  toggle: (id: string) => void;
}

/** DecisionList shows decisions, each of which opens. */
export function DecisionList({ decisions, now, zone, open, byDay = false, picking }: Props) {
  const ended = useEnded();
  return (
    <ul className={classes.list}>
      {decisions.map((d) => (
        <li key={d.id} className={classes.item}>
          {picking && (
            <Checkbox
              className={classes.pick}
              size="md"
              checked={picking.picked.has(d.id)}
              disabled={!picking.may(d)}
              onChange={() => picking.toggle(d.id)}
              aria-label={`Pick the decision about ${d.meter ?? d.group}: ${d.title}`}
            />
          )}
          <button type="button" className={classes.row} onClick={() => open(d.id)}>
            <Icon action={d.action} />
            <span className={classes.text}>
              <span className={classes.subject}>{byDay ? capital(relativeDay(d.validFrom, now, zone)) : (d.meter ?? d.group)}</span>
              <span className={classes.title}>{d.title}</span>
              <span className={classes.note}>
                {actionName(d.action)}
                {!byDay && ` · ${relativeDay(d.validFrom, now, zone)}`} · {statusName(d.status, ended)}
                {d.feedback !== 'none' && ` · ${verdictName[d.feedback]}`}
              </span>
            </span>
            <Worth decision={d} />
          </button>
        </li>
      ))}
    </ul>
  );
}

function Icon({ action }: { action: Header['action'] }) {
  const Shape = actionIcon(action);
  return (
    <span className={classes.icon} aria-hidden="true">
      <Shape size={18} stroke={1.7} />
    </span>
  );
}

/** Worth is what a decision is worth: money, or for a limit the power it takes off. */
function Worth({ decision: d }: { decision: Header }) {
  if (d.action === 'none') return null;
  const byPower = d.reason === 'group_limit' && (d.kwReduction ?? 0) > 0;
  return (
    <span className={classes.worth}>
      <span className={classes.amount}>{byPower ? `−${power(d.kwReduction)}` : money(d.savingP50, d.currency)}</span>
      <span className={classes.note}>{byPower ? 'off the peak' : 'expected saving'}</span>
    </span>
  );
}
