/**
 * The demo site's three agents: a mesh on loopback that gives one of them the gateway role; it runs
 * the leaf, the others connect through it. They share one engine and tell their containers apart by label. Stopping an agent
 * leaves its containers running: that is the point of it.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FleetError } from '@signalbeam/sync/core/errors';
import { startChild, waitUntilReady } from '../infra/child.ts';
import { answersTcp } from '../infra/ports.ts';
import { agentProgram } from '../machine/agent-build.ts';
import type { FoundEngine } from '../machine/engines.ts';
import { logDir, repositoryDir, workDir } from '../places.ts';
import { type Kept, keep } from './keep.ts';
import type { PortName, Ports } from './kept-ports.ts';
import { baseEnv, type Environment } from './stack.ts';

export const agentNames = ['gateway-1', 'gateway-2', 'gateway-3'] as const;
export type AgentName = (typeof agentNames)[number];

const siteDir = join(workDir, 'site');
export const stateDirOf = (name: AgentName) => join(siteDir, name);
const consolePort = (name: AgentName): PortName => `console-${name}`;

export const registeredAgents = (): AgentName[] =>
  agentNames.filter((name) => existsSync(join(stateDirOf(name), 'identity.json')));

export const technicianUrl = (name: AgentName, ports: Ports) =>
  `http://127.0.0.1:${ports[consolePort(name)]}`;

const agentEnv = (env: Environment): Record<string, string> => ({
  ...baseEnv(env),
  SIGNALBEAM_NODE: process.execPath,
});

/** The token goes by the environment: command lines are public on a machine. */
export const registerAgent = async (
  name: AgentName,
  options: { url: string; token: string; env: Environment },
): Promise<void> => {
  const args = ['register', '--url', options.url, '--name', name, '--state', stateDirOf(name)];
  try {
    await promisify(execFile)(agentProgram, args, {
      cwd: repositoryDir,
      env: { ...agentEnv(options.env), SIGNALBEAM_TOKEN: options.token },
      timeout: 60_000,
    });
  } catch (cause) {
    const output = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
    throw new FleetError('agent-not-registered', `${name} could not register.\n${output}`, {
      cause,
      next: `Read ${join(logDir, 'cloud.log')}, then run ./signalbeam up again.`,
    });
  }
};

/** Null means none: an agent left to itself would look for one where the person said not to. */
const engineArgs = (engine: FoundEngine | null): string[] =>
  engine === null
    ? ['--engine', 'docker', '--engine-socket', join(siteDir, 'no-engine.sock')]
    : ['--engine', engine.kind, '--engine-socket', engine.socket];

const runArgs = (name: AgentName, ports: Ports, engine: FoundEngine | null): string[] => {
  const meshOf = (each: AgentName) => `127.0.0.1:${ports[`mesh-${each}`]}`;
  const others = agentNames.filter((each) => each !== name);
  return [
    ...['run', '--state', stateDirOf(name)],
    ...['--mesh', meshOf(name), '--mesh-peers', others.map(meshOf).join(',')],
    ...['--leaf-listen', `127.0.0.1:${ports[`leaf-${name}`]}`],
    ...['--console', `127.0.0.1:${ports[consolePort(name)]}`],
    ...engineArgs(engine),
  ];
};

export const startAgent = (
  name: AgentName,
  options: {
    ports: Ports;
    engine: FoundEngine | null;
    env: Environment;
    onChange: () => void;
  },
): Promise<Kept> => {
  const logFile = join(logDir, `${name}.log`);
  const port = options.ports[consolePort(name)];
  return keep({
    name,
    logFile,
    onChange: options.onChange,
    now: Date.now,
    start: async () => {
      const child = startChild({
        name,
        command: agentProgram,
        args: runArgs(name, options.ports, options.engine),
        cwd: repositoryDir,
        env: agentEnv(options.env),
        logFile,
      });
      await waitUntilReady(child, () => answersTcp(port), 30_000);
      return child;
    },
  });
};
