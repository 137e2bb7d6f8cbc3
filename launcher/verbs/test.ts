/**
 * `signalbeam test`: installs and builds what the tests need, starts the rig once for all projects,
 * runs each project, and ends with the slowest files, the failed tests by name and with their messages,
 * and `N passed, N failed`. A program that can't be installed fails the run: tests that need it are
 * never skipped.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureAgent } from '../machine/agent-build.ts';
import { ensureConsole } from '../machine/console-build.ts';
import { ensurePrograms } from '../machine/packages.ts';
import { seconds, showStep } from '../machine/progress.ts';
import { installLog, logDir } from '../places.ts';
import { findRunningRig } from '../rig/running.ts';
import { startRig } from '../rig/servers.ts';
import { binary, runTool } from './run.ts';
import { readTestReport, type TestReport, testReportVariable } from './test-report.ts';
import { parseFlags, UsageError } from './usage.ts';

const projects = ['unit', 'system', 'browser'] as const;

/** What one project's run came to. */
type Tally = TestReport & { project: string; failed: number; tookMs: number; code: number };

/**
 * Vitest leaves a core to itself, which on two cores means one file at a time. System tests mostly wait
 * for servers: three at a time take a quarter less than two. Two pages beside the unit tests, which end long before them.
 */
const workersOf = (project: string): number =>
  Math.max(project === 'system' ? 3 : 2, availableParallelism() - 1);

type Run = { dir: string; more: readonly string[]; env: Readonly<Record<string, string>> };

const runProject = async (
  project: string,
  { dir, more, env }: Run,
  outputFile?: string,
): Promise<Tally> => {
  const file = join(dir, `${project}.json`);
  const { code, tookMs } = await runTool(
    binary('vitest'),
    [
      ...['run', '--project', project, '--passWithNoTests', `--maxWorkers=${workersOf(project)}`],
      ...more,
    ],
    { ...env, [testReportVariable]: file },
    outputFile,
  );
  const report = readTestReport(file);
  // Vitest may end before its report: a set-up that broke.
  if (report.failures.length === 0 && code !== 0)
    report.failures.push(`${project} (outside its tests: see above)`);
  return { ...report, failed: report.failures.length, project, tookMs, code };
};

/** Beside each other; what the second prints is shown once the first is done. */
const runTogether = async (projects: readonly string[], run: Run): Promise<Tally[]> => {
  const [first, ...others] = projects;
  if (first === undefined) return [];
  const outputOf = (project: string): string => join(logDir, `test-${project}.log`);
  const running = [
    runProject(first, run),
    ...others.map((project) => runProject(project, run, outputOf(project))),
  ];
  const tallies = await Promise.all(running);
  for (const project of others) process.stdout.write(readFileSync(outputOf(project)));
  return tallies;
};

/**
 * Pages go beside the unit tests, not beside the system's: those make and remove network interfaces,
 * and Chromium drops its connections whenever that happens (ERR_NETWORK_CHANGED).
 */
const runProjects = async (chosen: readonly string[], run: Run): Promise<Tally[]> => {
  const first = chosen.filter((project) => project !== 'system');
  const then = chosen.filter((project) => project === 'system');
  return [...(await runTogether(first, run)), ...(await runTogether(then, run))];
};

/** Here, not in the first test that needs it: two would build into the same folder. */
const build = async (chosen: readonly string[]): Promise<void> => {
  if (chosen.includes('system')) await ensureAgent();
  if (chosen.includes('system') || chosen.includes('browser')) await ensureConsole();
};

/** A rig for the whole run, unless one already runs; its file is named to the tests. */
const obtainRig = async (dir: string) => {
  const named = process.env['SIGNALBEAM_RIG'] ?? '';
  if (named !== 'none' && (await findRunningRig(named === '' ? undefined : named)) !== undefined) {
    return { env: {}, stop: async () => undefined };
  }
  const rig = await showStep(
    'Starting Postgres, Docker, Podman, Redis, Azurite, a registry',
    startRig,
  );
  const file = join(dir, 'rig.json');
  const content = { pid: process.pid, dir: rig.dir, provided: rig.provided };
  writeFileSync(file, JSON.stringify(content), { mode: 0o600 });
  return { env: { SIGNALBEAM_RIG: file }, stop: rig.stop };
};

const printSummary = (tallies: readonly Tally[]): number => {
  console.log('');
  console.log('The slowest files:');
  for (const { name, tookMs } of tallies.flatMap(({ slowest }) => slowest)) {
    console.log(`  ${seconds(tookMs).padStart(6)}  ${name}`);
  }
  for (const name of tallies.flatMap(({ failures }) => failures)) console.log(`FAILED  ${name}`);
  for (const { project, passed, failed, tookMs } of tallies) {
    console.log(`${project.padEnd(8)} ${passed} passed, ${failed} failed in ${seconds(tookMs)}`);
  }
  const sum = (key: 'passed' | 'failed') => tallies.reduce((total, tally) => total + tally[key], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  return tallies.every(({ code }) => code === 0) && sum('failed') === 0 ? 0 : 1;
};

export const runTests = async (args: readonly string[]): Promise<number> => {
  const split = args.indexOf('--');
  const own = split === -1 ? args : args.slice(0, split);
  const more = split === -1 ? [] : args.slice(split + 1);
  const { values, positionals } = parseFlags('test', own, { full: { type: 'boolean' } }, projects);
  if (positionals.length > 1) throw new UsageError('test: name one project, or none for all.');
  const chosen = positionals.length === 0 ? projects : positionals;
  const needsServers = chosen.some((project) => project !== 'unit');
  mkdirSync(logDir, { recursive: true });
  if (needsServers) await ensurePrograms('test', installLog);
  const dir = mkdtempSync(join(tmpdir(), 'sb-test-'));
  let tallies: readonly Tally[] = [];
  const rig = needsServers ? await obtainRig(dir) : { env: {}, stop: async () => undefined };
  // Ctrl-C reaches vitest too: the run ends by itself and the rig is stopped below.
  const patient = () => undefined;
  process.on('SIGINT', patient);
  try {
    const env = {
      ...rig.env,
      NODE_COMPILE_CACHE: join(dir, 'compile-cache'),
      ...(values.full === true ? { SIGNALBEAM_FULL: '1' } : {}),
    };
    await build(chosen);
    tallies = await runProjects(chosen, { dir, more, env });
  } finally {
    process.off('SIGINT', patient);
    await rig.stop();
    rmSync(dir, { recursive: true, force: true });
  }
  return printSummary(tallies);
};
