import { describe, expect, it } from 'vitest';
import { lack, summary, weeks } from './quality';

const day = (date: string, missing = 0, suspect = 0) => ({ date, hours: 24, missing, suspect, late: 0, corrected: 0 });

describe('weeks', () => {
  it('begin on Monday, the newest first, with days outside left empty', () => {
    const got = weeks([day('2019-02-10'), day('2019-02-11'), day('2019-02-12')]);
    expect(got.map((w) => w.monday)).toEqual(['2019-02-11', '2019-02-04']);
    expect(got[1]?.days.map((d) => d?.date)).toEqual([undefined, undefined, undefined, undefined, undefined, undefined, '2019-02-10']);
    expect(got[0]?.label).toBe('11 Feb');
  });
  it('are none without days', () => expect(weeks([])).toEqual([]));
});

describe('a day', () => {
  it('lacks nothing, some or much', () => {
    expect([day('2019-02-10'), day('2019-02-10', 3, 3), day('2019-02-10', 4, 3)].map(lack)).toEqual(['none', 'some', 'much']);
  });
  it('is put into words', () => {
    expect(summary(day('2019-02-10'))).toBe('all 24 hours');
    expect(summary(day('2019-02-10', 2, 1))).toBe('2 missing, 1 suspect of 24 hours');
  });
});
