/**
 * The detached process behind `up`: starts the stack, makes the demo on the first start, keeps all
 * of it running, and on SIGTERM stops it in reverse. It says what it does in `.signalbeam/run.json`
 * and takes no commands but signals. Never run two: the second finds the first and leaves.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import { ensureAccount } from '../demo/account.ts';
import { demoDeviceIds, removeContainers } from '../demo/containers.ts';
import {
  enrolAgents,
  isDemoComplete,
  markDemoComplete,
  publishHello,
  rollOutHello,
} from '../demo/site.ts';
import { startDocker } from '../infra/docker.ts';
import { startPodman } from '../infra/podman.ts';
import { type FoundEngine, findEngine } from '../machine/engines.ts';
import { logDir, workDir } from '../places.ts';
import { agentNames, registeredAgents, startAgent, technicianUrl } from './agents.ts';
import { readChoices } from './choices.ts';
import { type Kept, keep } from './keep.ts';
import { choosePorts, type Ports } from './kept-ports.ts';
import { type Run, readRun, removeRun, runFile, writePrivate } from './run-state.ts';
import { startStack } from './stack.ts';

const rolloutPatienceMs = 60_000;

const parts: Kept[] = [];
let run: Run = {
  pid: process.pid,
  startedAt: Date.now(),
  phase: 'Starting',
  state: 'starting',
  failure: null,
  ports: {},
  url: null,
  technicians: [],
  engine: null,
  notes: [],
  processes: [],
};

const update = (change: Partial<Run> = {}) => {
  run = { ...run, ...change, processes: parts.map((part) => part.status()) };
  writePrivate(runFile, run);
};
const say = (phase: string) => {
  if (run.state !== 'stopping') update({ phase });
};
const note = (text: string) => {
  if (!run.notes.includes(text)) update({ notes: [...run.notes, text] });
};
const onChange = () => update();
const started = (kept: Kept) => {
  parts.push(kept);
  update();
};

/** The engine of the machine that answers, or the one that this launcher runs. */
const obtainEngine = async (): Promise<FoundEngine | null> => {
  const choices = readChoices();
  if (choices.engine === 'none') return null;
  const found = await findEngine(choices.engine, choices.socket, process.env);
  if (found !== undefined) return found;
  const kind = choices.own;
  if (kind === null) return null;
  say(`Starting ${kind === 'docker' ? 'Docker' : 'Podman'}`);
  const dir = join(workDir, 'engine', kind);
  const start = () =>
    kind === 'docker' ? startDocker({ dir, firewall: true }) : startPodman({ dir });
  let socket = '';
  started(
    await keep({
      name: kind,
      logFile: join(dir, kind === 'docker' ? 'dockerd.log' : 'podman.log'),
      onChange,
      now: Date.now,
      start: async () => {
        const engine = await start();
        socket = engine.socketPath;
        return engine;
      },
    }),
  );
  return { kind, socket };
};

const startAgents = async (ports: Ports, engine: FoundEngine | null) => {
  const names = registeredAgents();
  if (names.length > 0) say('Starting the agents');
  for (const name of names) {
    started(await startAgent(name, { ports, engine, env: process.env, onChange }));
  }
  update({ technicians: names.map((name) => ({ name, url: technicianUrl(name, ports) })) });
};

/** The first start's story; a failure is told and tried again by the next `up`. */
const makeDemo = async (
  stack: { url: string; cloudEnv: Record<string, string> },
  ports: Ports,
  engine: FoundEngine | null,
) => {
  say('Making the demo tenant');
  const api = await ensureAccount(stack.url, stack.cloudEnv);
  await enrolAgents(api, { url: stack.url, env: process.env, say });
  await startAgents(ports, engine);
  say('Publishing the sample bundle');
  const { bundleId } = await publishHello(api);
  if (engine === null) {
    note('No container engine answers: the sample bundle is published but not rolled out.');
    return;
  }
  const outcome = await rollOutHello(api, bundleId, { say, timeoutMs: rolloutPatienceMs });
  if (outcome !== 'succeeded') note(`The first rollout is ${outcome}: see it in the console.`);
  markDemoComplete();
};

const begin = async () => {
  mkdirSync(logDir, { recursive: true });
  update();
  const complete = isDemoComplete();
  const ports = await choosePorts(registeredAgents().length > 0);
  update({ ports });
  const [engine, stack] = await Promise.all([
    obtainEngine(),
    startStack({ ports, env: process.env, say, note, onChange, started }),
  ]);
  update({ url: stack.url, engine });
  if (complete) await startAgents(ports, engine);
  else await makeDemo(stack, ports, engine);
  update({ phase: 'Running', state: 'ready' });
};

const isAgent = (part: Kept) => agentNames.some((name) => name === part.status().name);
let removingContainers = false;

/** Agents first, then (if asked) their containers, then what they leaned on, last started first. */
const stopAll = async () => {
  update({ phase: 'Stopping', state: 'stopping' });
  await Promise.all(parts.filter(isAgent).map((part) => part.stop()));
  if (removingContainers && run.engine !== null) {
    update({ phase: 'Removing the containers' });
    await removeContainers(run.engine.socket, demoDeviceIds()).catch(console.error);
  }
  for (const part of parts.filter((one) => !isAgent(one)).reverse()) {
    update({ phase: `Stopping ${part.status().name}` });
    await part.stop();
  }
};

const fail = async (error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  const next = error instanceof FleetError ? (error.next ?? null) : null;
  console.error(error);
  await stopAll();
  update({ state: 'failed', phase: 'Failed', failure: { message, next } });
  process.exit(1);
};

let leaving = false;
const leave = async () => {
  if (leaving) return;
  leaving = true;
  await stopAll();
  removeRun(process.pid);
  process.exit(0);
};

const other = readRun();
if (other !== undefined && other.pid !== process.pid) {
  console.error(`A supervisor runs already (process ${other.pid}).`);
  process.exit(1);
}
process.on('SIGUSR2', () => {
  removingContainers = true;
});
process.on('SIGTERM', () => void leave());
process.on('SIGINT', () => void leave());
// The terminal that ran `up` may go away.
process.on('SIGHUP', () => undefined);
await begin().catch((error: unknown) => (leaving ? undefined : fail(error)));
