/** What a run found, in words: figures, which fault met what, and for a failure how to see it again. */
import type { Sometimes } from '../checks/sometimes.ts';
import { faultKinds } from '../plan/kinds.ts';
import type { BatchResult } from './batch.ts';
import type { SeedResult } from './seed.ts';

export const commandOf = (result: SeedResult, bug: string | null): string =>
  `./signalbeam sim --seed ${result.seed} --faults ${result.faults.join(',') || 'none'}${bug === null ? '' : ` --bug ${bug}`}`;

export const tellFailure = (result: SeedResult, shrunk: SeedResult, bug: string | null): string =>
  [
    `seed ${result.seed} FAILED: ${shrunk.violation?.invariant}: ${shrunk.violation?.text}`,
    `  after ${Math.round((shrunk.violation?.at ?? 0) / 1_000)} simulated seconds`,
    `  faults: ${result.faults.join(', ') || 'none'}`,
    `  shrunk: ${shrunk.faults.join(', ') || 'none'}`,
    `  again:  ${commandOf(shrunk, bug)}`,
  ].join('\n');

export const tellFigures = (total: BatchResult): string => {
  const seconds = total.tookMs / 1_000;
  const hours = total.virtualMs / 3_600_000;
  const deviceHours = total.deviceMs / 3_600_000 / seconds;
  return [
    `${total.seeds} seeds, ${total.failures.length} failed, ${total.realCrypto} with real signatures, in ${seconds.toFixed(1)} s`,
    `${Math.round(total.events / seconds).toLocaleString('en')} events per second, ${Math.round(total.events / Math.max(1, total.seeds)).toLocaleString('en')} events per seed, ${total.rows.toLocaleString('en')} rows`,
    `${Math.round(hours).toLocaleString('en')} site-hours simulated, ${Math.round((hours * 3_600) / seconds).toLocaleString('en')} times faster than life: ${deviceHours.toFixed(1)} device-hours per second`,
  ].join('\n');
};

/** One line for each fault: how often it struck, and what it met. */
export const tellSometimes = (sometimes: Sometimes): string =>
  faultKinds
    .map((kind) => {
      const met = Object.entries(sometimes)
        .filter(([key]) => key.startsWith(`${kind} × `))
        .map(([key, times]) => `${key.slice(kind.length + 3)} ${times}`)
        .sort();
      return `${kind.padEnd(20)} ${String(sometimes[kind] ?? 0).padStart(6)}  ${met.join(', ')}`;
    })
    .join('\n');
