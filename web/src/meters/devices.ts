/** Device is a device behind a meter, as the policy describes it. */
export interface Device {
  name: string;
  kind: string;
  facts: string[];
}

type Described = Record<string, unknown>;

const isRecord = (v: unknown): v is Described => typeof v === 'object' && v !== null && !Array.isArray(v);

const kinds: Record<string, string> = { battery: 'Battery', ev: 'Car', pv: 'Solar panels', heatPump: 'Heat pump', appliance: 'Appliance' };

/** devicesOf are the devices of a policy that stand behind a meter, by its name or its group. */
export function devicesOf(policy: unknown, meter: string, group: string | null): Device[] {
  const assets = isRecord(policy) && Array.isArray(policy.assets) ? policy.assets.filter(isRecord) : [];
  return assets.filter((a) => isBehind(a, meter, group)).map(describe);
}

function isBehind(asset: Described, meter: string, group: string | null): boolean {
  const names = Array.isArray(asset.meters) ? asset.meters.map(String) : [];
  if (names.length === 0 && !asset.group) return true;
  if (asset.group && asset.group === group) return true;
  return names.some((pattern) => matches(pattern, meter));
}

/** matches reports whether a name has the form of a pattern: * stands for any characters, ? for one. */
export function matches(pattern: string, name: string): boolean {
  const form = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.');
  return new RegExp(`^${form}$`, 'su').test(name);
}

function describe(asset: Described): Device {
  const kind = Object.keys(kinds).find((k) => isRecord(asset[k])) ?? '';
  const settings = isRecord(asset[kind]) ? asset[kind] : {};
  return {
    name: String(asset.name ?? ''),
    kind: kinds[kind] ?? 'Device',
    facts: Object.entries(settings).filter(([, v]) => v !== null && typeof v !== 'object' && v !== '').map(([k, v]) => fact(k, v)),
  };
}

const units: Record<string, string> = { KWh: 'kWh', KW: 'kW', KWp: 'kWp' };

/** fact is a setting in words: powerKW 3 is "power 3 kW". */
function fact(key: string, value: unknown): string {
  const [, stem = key, unit = ''] = /^(.*?)(KWh|KWp|KW)?$/.exec(key) ?? [];
  const words = stem.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  return `${words} ${String(value)}${unit ? ` ${units[unit]}` : ''}`;
}
