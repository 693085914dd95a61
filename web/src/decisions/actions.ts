// What the page shows of each action: a line here for a new one.

import {
  IconArrowsRightLeft, IconBattery3, IconBolt, IconCar, IconCircleDashed, IconFlame, IconMountain, IconSun, IconWash,
} from '@tabler/icons-react';
import type { Schemas } from '../api/client';
import { readable } from './words';

type Action = Schemas['DecisionHeader']['action'];

interface Shown {
  name: string;
  icon: typeof IconBolt;
  device?: string; // what a plan item of it is about; the rest of the load if left out
}

const actions: Record<Action, Shown> = {
  none: { name: 'No plan', icon: IconCircleDashed },
  load_shift: { name: 'Load shift', icon: IconArrowsRightLeft },
  peak_shave: { name: 'Peak shave', icon: IconMountain },
  valley_fill: { name: 'Valley filling', icon: IconBolt, device: 'Car' },
  battery: { name: 'Battery', icon: IconBattery3, device: 'Battery' },
  ev_charge: { name: 'Car charging', icon: IconCar, device: 'Car' },
  pv_self_consume: { name: 'Own solar power', icon: IconSun },
  preheat: { name: 'Preheating', icon: IconFlame, device: 'Heat pump' },
  run_appliance: { name: 'Appliance run', icon: IconWash, device: 'Appliance' },
};

const shown = (code: string): Shown | undefined => (actions as Record<string, Shown>)[code];

/** actionName is an action in words; an unknown code is shown readable. */
export const actionName = (code: string): string => shown(code)?.name ?? readable(code);

/** itemName is what an item of a plan is about; what has no name of its own is the rest of the load. */
export const itemName = (code: string): string => shown(code)?.device ?? 'Other load';

/** actionIcon is the symbol of an action. */
export const actionIcon = (code: string): typeof IconBolt => shown(code)?.icon ?? IconBolt;
