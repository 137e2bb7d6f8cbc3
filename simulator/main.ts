/**
 * `signalbeam sim`: one seed, a range, or as many as a time allows; with a planted bug if one is
 * named. A failure is shrunk and printed with the command that shows it again. Exit code 1.
 */
import { parseArgs } from 'node:util';
import { bugs } from './bugs/catalogue.ts';
import { type FaultKind, faultKinds, isFaultKind } from './plan/kinds.ts';
import { runBatch } from './run/batch.ts';
import { runSeed, type SeedOptions } from './run/seed.ts';
import { shrink } from './run/shrink.ts';
import { survive } from './run/survive.ts';
import { tellFailure, tellFigures, tellSometimes } from './run/tell.ts';

const toldEveryMs = 30_000;

class Misuse extends Error {}

const flags = {
  seed: { type: 'string' },
  seeds: { type: 'string' },
  budget: { type: 'string' },
  faults: { type: 'string' },
  bug: { type: 'string' },
  events: { type: 'string' },
  days: { type: 'string' },
  trace: { type: 'boolean' },
} as const;

const readFaults = (text: string | undefined): FaultKind[] | null => {
  if (text === undefined) return null;
  if (text === 'none') return [];
  return text.split(',').map((word) => {
    if (isFaultKind(word)) return word;
    throw new Misuse(`There is no fault \`${word}\`. There are: none, ${faultKinds.join(', ')}`);
  });
};

const readNumber = (text: string, what: string): number => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Misuse(`${what} must be a whole number, not \`${text}\`.`);
};

const readRange = (text: string): { from: number; to: number } => {
  const [from = '', to = from] = text.split('..');
  return { from: readNumber(from, '--seeds'), to: readNumber(to, '--seeds') };
};

const readBug = (name: string | undefined): string | null => {
  if (name === undefined || name in bugs) return name ?? null;
  throw new Misuse(
    `There is no planted bug \`${name}\`. There are: ${Object.keys(bugs).join(', ')}`,
  );
};

const one = async (options: SeedOptions, bug: string | null, trace: boolean): Promise<number> => {
  const began = performance.now();
  const result = await runSeed({ ...options, keepTrace: trace });
  const tookMs = performance.now() - began;
  for (const line of result.trace) console.log(line);
  console.log(`faults: ${result.faults.join(', ') || 'none'}`);
  console.log(
    `seed ${result.seed}: trace ${result.hash}, ${result.events} events, ${Math.round(result.virtualMs / 60_000)} simulated minutes, ${Math.round((result.events / tookMs) * 1_000)} events per second`,
  );
  if (result.violation === null) return 0;
  console.log(tellFailure(result, await shrink(result, options), bug));
  return 1;
};

const main = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({ args: [...args], options: flags, strict: true });
  const faults = readFaults(values.faults);
  const bug = readBug(values.bug);
  const planted = bug === null ? {} : (bugs[bug] ?? {});
  const eventsMin = values.events === undefined ? null : readNumber(values.events, '--events');
  const daysMin = values.days === undefined ? null : readNumber(values.days, '--days');
  const sized = {
    ...(eventsMin === null ? {} : { eventsMin }),
    ...(daysMin === null ? {} : { daysMin }),
  };
  if (values.seed !== undefined) {
    survive();
    const seed = readNumber(values.seed, '--seed');
    return one({ seed, faults, bug: planted, ...sized }, bug, values.trace === true);
  }
  const seconds =
    values.budget === undefined ? null : readNumber(values.budget.replace(/s$/, ''), '--budget');
  const fresh = { from: Math.floor(Date.now() / 1_000) % 1_000_000_000, to: null };
  const range = values.seeds === undefined ? fresh : readRange(values.seeds);
  const budgetMs = (seconds ?? (range.to === null ? 60 : null)) as number | null;
  console.log(
    `Seeds from ${range.from}${range.to === null ? '' : ` to ${range.to}`}${bug === null ? '' : `, with the planted bug ${bug}`}`,
  );
  let toldAtMs = performance.now();
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort());
  const total = await runBatch({
    ...range,
    signal: stopping.signal,
    onSeed: ({ seeds, events }) => {
      if (performance.now() - toldAtMs < toldEveryMs) return;
      toldAtMs = performance.now();
      console.log(`${seeds} seeds, ${(events / 1e6).toFixed(1)} million events so far`);
    },
    budgetMs: budgetMs === null ? null : budgetMs * 1_000,
    faults,
    bug,
    eventsMin,
    daysMin,
    stopAtFailure: bug !== null,
    onFailure: ({ seed, violation }) => console.log(`seed ${seed} failed: ${violation?.invariant}`),
  });
  survive();
  for (const failed of total.failures.slice(0, 3)) {
    const options = { seed: failed.seed, faults: failed.faults, bug: planted, ...sized };
    console.log(tellFailure(failed, await shrink(failed, options), bug));
  }
  console.log(`\n${tellSometimes(total.sometimes)}\n\n${tellFigures(total)}`);
  return total.failures.length === 0 ? 0 : 1;
};

process.exitCode = await main(process.argv.slice(2)).catch((error) => {
  console.error(`signalbeam: ${error instanceof Error ? error.message : String(error)}`);
  return error instanceof Misuse || (error instanceof Error && 'code' in error) ? 2 : 1;
});
