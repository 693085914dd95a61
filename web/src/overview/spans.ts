/** spans are the ranges of the load to choose from. */
export const spans = [
  { value: 'now-24h', label: '1 day' },
  { value: 'now-72h', label: '3 days' },
  { value: 'now-7d', label: '1 week' },
];

/** usual is the range that the first page begins with. */
export const usual = 'now-72h';
