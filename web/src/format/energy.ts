// Numbers as people read them: three significant digits, a unit that keeps them
// short, and a dash for what is not known.

export const unknown = '–';

const digits = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 3 });
const grouped = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });
const compactDigits = new Intl.NumberFormat('en-GB', { notation: 'compact', maximumSignificantDigits: 3 });

type Maybe = number | null | undefined;

function known(v: Maybe): v is number {
  return v !== null && v !== undefined && Number.isFinite(v);
}

/** signed writes the minus sign of mathematics, which is as wide as a plus, for the hyphen. */
const signed = (text: string): string => text.replace('-', '−');

function scaled(v: Maybe, unit: string, greaterUnit: string): string {
  if (!known(v)) return unknown;
  if (Math.abs(v) >= 10_000) return signed(`${digits.format(v / 1000)} ${greaterUnit}`);
  return signed(`${Math.abs(v) >= 1000 ? grouped.format(v) : digits.format(v)} ${unit}`);
}

/** energy shows kWh, or MWh from 10,000 kWh on. */
export const energy = (kwh: Maybe): string => scaled(kwh, 'kWh', 'MWh');

/** power shows kW, or MW from 10,000 kW on. */
export const power = (kw: Maybe): string => scaled(kw, 'kW', 'MW');

/** mass shows kg, or t from 10,000 kg on. */
export const mass = (kg: Maybe): string => scaled(kg, 'kg', 't');

/** count shows a whole number, shortened from ten million on. */
export function count(n: Maybe): string {
  if (!known(n)) return unknown;
  return n >= 10_000_000 ? compactDigits.format(n) : grouped.format(n);
}

/** counted is a number of things in words: 1 meter, 2 meters. */
export const counted = (n: Maybe, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

/** percent shows a share of 1. */
export function percent(share: Maybe): string {
  if (!known(share)) return unknown;
  const p = share * 100;
  if (p > 0 && p < 1) return '< 1 %';
  if (p > 99 && p < 100) return '> 99 %';
  return `${Math.round(p)} %`;
}

/** money shows an amount in an ISO 4217 currency. */
export const money = (amount: Maybe, currency: string): string => inCurrency(amount, currency, 2);

/** currencySign is how a currency is written before an amount: £, or the code where it has no sign. */
export function currencySign(currency: string): string {
  try {
    return new Intl.NumberFormat('en-GB', { style: 'currency', currency }).formatToParts(0).find((p) => p.type === 'currency')?.value ?? currency;
  } catch {
    return currency; // no valid code
  }
}

/** unitPrice shows the price of a kWh, of which a hundredth of a penny counts. */
export const unitPrice = (price: Maybe, currency: string): string => inCurrency(price, currency, 4);

function inCurrency(amount: Maybe, currency: string, most: number): string {
  if (!known(amount)) return unknown;
  try {
    return signed(new Intl.NumberFormat('en-GB', { style: 'currency', currency, minimumFractionDigits: 2, maximumFractionDigits: most }).format(amount));
  } catch {
    return signed(`${amount.toFixed(2)} ${currency}`.trim()); // no valid code
  }
}

/** number shows a plain number with three significant digits. */
export const number = (v: Maybe): string => (known(v) ? signed(digits.format(v)) : unknown);
