import type { Schemas } from '../api/client';
import { energy, mass, money, power, unknown } from '../format/energy';
import classes from './Outcome.module.css';

const methods: Record<Schemas['Realised']['method'], string> = {
  simulated: 'Nobody followed this plan. These figures show what it would have changed in the measured load.',
  estimated: 'What was measured is compared with the forecast as it stood when the plan was made, so the error of the forecast counts too.',
};

const columns: Record<Schemas['Realised']['method'], string> = { simulated: 'Would have been', estimated: 'Estimated' };

/** Outcome shows the realised saving of a decision beside the promised one. */
export function Outcome({ d, r }: { d: Schemas['Decision']; r: Schemas['Realised'] }) {
  const rows: [string, string, string][] = [
    ['Saving on energy', money(d.savingEnergy, d.currency), money(r.savingEnergy, d.currency)],
    ...(d.savingDemand || r.savingDemand
      ? [['Saving on the demand charge', money(d.savingDemand, d.currency), money(r.savingDemand, d.currency)] as [string, string, string]]
      : []),
    ['Energy moved', energy(d.kwhShifted), energy(r.kwhShifted)],
    ['Highest hour lowered by', power(d.kwReduction), power(r.kwReduction)],
    ['CO₂ avoided', mass(d.co2Kg), mass(r.co2Kg)],
  ];
  return (
    <>
      <table className={classes.table}>
        <thead>
          <tr>
            <td />
            <th scope="col">Promised</th>
            <th scope="col">{columns[r.method]}</th>
          </tr>
        </thead>
        <tbody>
          {rows
            .filter(([, promised, realised]) => promised !== unknown || realised !== unknown)
            .map(([label, promised, realised]) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td>{promised}</td>
                <td className={classes.realised}>{realised}</td>
              </tr>
            ))}
        </tbody>
      </table>
      <p className={classes.method}>{methods[r.method]}</p>
    </>
  );
}
