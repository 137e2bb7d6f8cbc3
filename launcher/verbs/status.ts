/**
 * `signalbeam status`: what runs, since when and where; exit code 3 when nothing does.
 */
import { type Run, readLastRun, readRun } from '../supervisor/run-state.ts';
import { printRun } from './up.ts';
import { parseFlags } from './usage.ts';

/** "3 min", "2 h": one unit is enough to tell a crash loop from a quiet week. */
export const age = (ms: number): string => {
  const units: [number, string][] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
  ];
  const unit = units.find(([size]) => ms >= size * 2);
  return unit === undefined
    ? `${Math.round(ms / 1_000)} s`
    : `${Math.floor(ms / unit[0])} ${unit[1]}`;
};

export const describeProcesses = (run: Run, now: number): string[] =>
  run.processes.map(({ name, pid, state, startedAt, restarts, reason }) => {
    const since = state === 'running' && startedAt !== null ? `for ${age(now - startedAt)}` : '';
    const again = restarts === 0 ? '' : `, restarted ${restarts} ×`;
    const why = reason === null ? '' : ` (${reason.split('\n')[0]})`;
    const number = pid === null ? '' : `process ${pid}`;
    return `${name.padEnd(11)} ${`${state} ${since}`.trim()}${again}${why}  ${number}`.trimEnd();
  });

export const status = async (args: readonly string[]): Promise<number> => {
  const { values } = parseFlags('status', args, { json: { type: 'boolean' } });
  const run = readRun();
  if (values.json === true) {
    console.log(JSON.stringify(run ?? null, null, 2));
    return run === undefined ? 3 : 0;
  }
  if (run === undefined) {
    const last = readLastRun();
    const failure = last?.failure ?? null;
    console.log('Nothing runs. `./signalbeam up` starts it.');
    // A run that was asked to stop removes its file; this one had no time to.
    if (last !== undefined && failure === null) {
      console.log(`The last run ended without \`down\`: process ${last.pid} is gone.`);
    }
    if (failure !== null) console.log(`The last start failed: ${failure.message}`);
    return 3;
  }
  console.log(
    `${run.phase} (${run.state}) for ${age(Date.now() - run.startedAt)}, process ${run.pid}\n`,
  );
  console.log(describeProcesses(run, Date.now()).join('\n'));
  const ports = Object.entries(run.ports).map(([name, port]) => `${name} ${port}`);
  console.log(`\nPorts       ${ports.join(', ')}`);
  if (run.url !== null) printRun(run);
  return 0;
};
