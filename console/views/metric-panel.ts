/**
 * The four host charts of a device, each with its newest value and a sentence, or the same numbers
 * as a table. Used by both consoles.
 */
import { html, nothing, type TemplateResult } from 'lit';
import { clockOf, millisOf } from '../data/format.ts';
import {
  latestOf,
  percentText,
  pointsOf,
  rateText,
  sentenceOf,
  type Window,
} from '../data/trend.ts';
import type { MetricSeries, Sample } from '../data/types.ts';
import { age } from '../ui/age.ts';
import type { ChartLine } from '../ui/line-chart.ts';
import '../ui/line-chart.ts';

/** How old the values are that stand beside the charts. */
export const newestSample = (samples: readonly Sample[] | undefined): unknown => {
  const last = samples?.at(-1);
  return last === undefined
    ? nothing
    : html`<span class="small muted grow">newest ${age(last.at)}</span>`;
};

const units = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1_000, 'second'],
] as const;

/** What one point of a chart stands for, and from what it was made. */
export const madeOf = ({ source, bucketMs }: Omit<MetricSeries, 'series'>): string =>
  stepWords(bucketMs, source);

export const stepWords = (stepMs: number, source: string): string => {
  const [ms, unit] = units.find(([size]) => stepMs % size === 0) ?? [1, 'millisecond'];
  const count = stepMs / ms;
  return `a point is ${count === 1 ? `a ${unit}`.replace('a hour', 'an hour') : `${count} ${unit}s`}, from ${source}`;
};

const figure = (
  title: string,
  lines: ChartLine[],
  window: Window,
  options: { text: (value: number) => string; ceiling: number | null; sentence: string },
): TemplateResult => {
  const latest = latestOf(lines[0]?.points ?? []);
  return html`<figure class="chart">
    <h3>${title} <b>${latest === null ? '–' : options.text(latest)}</b></h3>
    <line-chart .lines=${lines} .from=${window.from} .to=${window.to} .ceiling=${options.ceiling} .text=${options.text}></line-chart>
    <figcaption>${options.sentence}</figcaption>
  </figure>`;
};

export const metricCharts = (samples: readonly Sample[], window: Window): TemplateResult => {
  const percent = (title: string, key: 'cpu' | 'memory' | 'disk') => {
    const points = pointsOf(samples, key);
    return figure(title, [{ label: title, points, colour: '--accent' }], window, {
      text: percentText,
      ceiling: 100,
      sentence: sentenceOf(points, percentText, window),
    });
  };
  const received = pointsOf(samples, 'received');
  const sent = pointsOf(samples, 'sent');
  const lastSent = latestOf(sent);
  return html`<div class="charts">
    ${percent('CPU', 'cpu')} ${percent('Memory', 'memory')} ${percent('Disk', 'disk')}
    ${figure(
      'Network received',
      [
        { label: 'Received', points: received, colour: '--accent' },
        { label: 'Sent', points: sent, colour: '--ok' },
      ],
      window,
      {
        text: rateText,
        ceiling: null,
        sentence: `${sentenceOf(received, rateText, window)}${lastSent === null ? '' : ` Sent (green) now ${rateText(lastSent)}.`}`,
      },
    )}
  </div>`;
};

const tableRowsMax = 60;

export const metricTable = (samples: readonly Sample[], now: number): TemplateResult => {
  const received = new Map(pointsOf(samples, 'received').map((point) => [point.at, point.value]));
  const sent = new Map(pointsOf(samples, 'sent').map((point) => [point.at, point.value]));
  const cell = (value: number | null | undefined, text: (value: number) => string) =>
    html`<td class="number">${value === null || value === undefined ? '–' : text(value)}</td>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Metrics as a table"><table>
    <thead><tr><th scope="col">Time</th><th scope="col" class="number">CPU</th><th scope="col" class="number">Memory</th>
      <th scope="col" class="number">Disk</th><th scope="col" class="number">Received</th><th scope="col" class="number">Sent</th></tr></thead>
    <tbody>${samples
      .slice(-tableRowsMax)
      .reverse()
      .map(
        (sample) => html`<tr><th scope="row">${clockOf(sample.at, now)}</th>
        ${cell(sample.cpuPercent, percentText)}${cell(sample.memoryPercent, percentText)}${cell(sample.diskPercent, percentText)}
        ${cell(received.get(millisOf(sample.at)), rateText)}${cell(sent.get(millisOf(sample.at)), rateText)}</tr>`,
      )}</tbody>
  </table></div>`;
};
