// Names of codes for people.

const actions: Record<string, string> = {
  none: 'No plan',
  load_shift: 'Load shift',
  peak_shave: 'Peak shave',
  valley_fill: 'Valley filling',
  battery: 'Battery',
  ev_charge: 'Car charging',
  pv_self_consume: 'Own solar power',
  preheat: 'Preheating',
};

const parts: Record<string, string> = { battery: 'Battery', ev_charge: 'Car', valley_fill: 'Car', preheat: 'Heat pump' };

const statuses: Record<string, string> = { planned: 'planned', active: 'under way', past: 'over' };

/** actionName is an action in words; an unknown code is shown readable. */
export const actionName = (code: string): string => actions[code] ?? readable(code);

/** partName is the thing that a part of a plan is about; what has no name of its own is the rest of the load. */
export const partName = (code: string): string => parts[code] ?? 'Other load';

/** statusName is a decision's status in words. */
export const statusName = (code: string): string => statuses[code] ?? readable(code);

function readable(code: string): string {
  return capital(code.replaceAll('_', ' '));
}

/** capital begins a text with a capital letter. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
