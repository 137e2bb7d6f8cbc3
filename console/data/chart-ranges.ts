/** The stretches of time that a chart may show, until now. */
const hourMs = 3_600_000;

export const chartRanges = [
  { key: '1h', label: '1 h', ms: hourMs, period: 'last hour' },
  { key: '6h', label: '6 h', ms: 6 * hourMs, period: 'last 6 hours' },
  { key: '24h', label: '24 h', ms: 24 * hourMs, period: 'last day' },
  { key: '7d', label: '7 d', ms: 7 * 24 * hourMs, period: 'last week' },
  { key: '30d', label: '30 d', ms: 30 * 24 * hourMs, period: 'last 30 days' },
  { key: '1y', label: '1 y', ms: 365 * 24 * hourMs, period: 'last year' },
] as const;
export type ChartRange = (typeof chartRanges)[number];

export const chartRangeOf = (key: string | null): ChartRange =>
  chartRanges.find((range) => range.key === key) ?? chartRanges[0];
