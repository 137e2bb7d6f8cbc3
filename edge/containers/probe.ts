/**
 * Asks a container once whether it is well, in the way its bundle says. The agent does this itself on
 * both engines (Podman's own checks never run without systemd). It connects to the container's
 * address, because the proxy in front of a published port accepts for a container that listens to
 * nothing; the published port is the way where the address can't be reached (rootless, macOS).
 * An engine that is away says nothing about the container: that is thrown, not "unhealthy".
 */
import { request } from 'node:http';
import { connect } from 'node:net';
import { FleetError } from '@signalbeam/sync/core/errors';
import type { HealthCheck } from '@signalbeam/sync/core/manifest';
import type { ObservedContainer } from '../core/container.ts';
import type { Engine } from './engine.ts';

export type ProbeOutcome = { kind: 'healthy' } | { kind: 'unhealthy'; reason: string };

/** What a probe needs of a check; without a probe, running is well. */
export type ProbeCheck = { timeoutMs: number; probe: HealthCheck['probe'] | null };

type Target = { host: string; port: number; way: 'address' | 'published' };
type Attempt = ProbeOutcome | { kind: 'no-way'; reason: string };

export const probe = async (
  engine: Engine,
  container: ObservedContainer,
  { probe: how, timeoutMs }: ProbeCheck,
  signal: AbortSignal,
): Promise<ProbeOutcome> => {
  signal.throwIfAborted();
  if (container.state !== 'running') return unhealthy(`it is ${container.state}`);
  if (how === null) return { kind: 'healthy' };
  if (how.kind === 'exec') return probeByCommand(engine, container, how.command, timeoutMs, signal);
  const targets = targetsOf(container, how.port);
  if (targets.length === 0) return unhealthy(`port ${how.port} can't be reached from the host`);
  const eachMs = timeoutMs / targets.length;
  let last: Attempt = { kind: 'no-way', reason: '' };
  for (const target of targets) {
    last = await attempt(target, how, { timeoutMs: eachMs, signal });
    signal.throwIfAborted();
    if (last.kind !== 'no-way') return last;
  }
  return unhealthy(last.reason);
};

const targetsOf = (container: ObservedContainer, port: number): Target[] => {
  const published = container.ports.find(
    (each) => each.containerPort === port && each.protocol === 'tcp' && each.hostPort > 0,
  );
  return [
    ...(container.address ? [{ host: container.address, port, way: 'address' } as const] : []),
    ...(published
      ? [
          {
            host: reachable(published.hostAddress),
            port: published.hostPort,
            way: 'published',
          } as const,
        ]
      : []),
  ];
};

const reachable = (hostAddress: string): string => {
  if (hostAddress === '0.0.0.0' || hostAddress === '') return '127.0.0.1';
  return hostAddress === '::' ? '::1' : hostAddress;
};

type Limits = { timeoutMs: number; signal: AbortSignal };
type NetworkProbe = Exclude<HealthCheck['probe'], { kind: 'exec' }>;

const attempt = async (target: Target, how: NetworkProbe, { timeoutMs, signal }: Limits) => {
  const ended = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const late = timeoutMs / 1000;
  try {
    return how.kind === 'tcp' ? await byTcp(target, ended) : await byHttp(target, how, ended);
  } catch (cause) {
    return failed(cause, `port ${how.port} gave no answer within ${late} s`, how.port);
  }
};

/** Refused is an answer of the container; no route and silence may be the fault of the way there. */
const failed = (cause: unknown, silence: string, port: number): Attempt => {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'ECONNREFUSED') return unhealthy(`nothing listens on port ${port}`);
  if (code === 'ECONNRESET') return unhealthy(`port ${port} closed the connection`);
  if (/^E(?:HOST|NET)UNREACH$/.test(code)) {
    return { kind: 'no-way', reason: `port ${port} can't be reached from the host` };
  }
  if (/^(?:HPE_|ERR_)/.test(code) && code !== 'ERR_CANCELED') {
    return unhealthy(`port ${port} does not speak HTTP`);
  }
  return { kind: 'no-way', reason: silence };
};

/** A proxy closes at once when there is nobody behind it; a server that only listens stays open. */
const proxyVerdictMs = 250;

const byTcp = ({ host, port, way }: Target, signal: AbortSignal): Promise<ProbeOutcome> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    const settle = (outcome: ProbeOutcome) => {
      resolve(outcome);
      socket.destroy();
    };
    socket.once('error', reject);
    socket.once('connect', () => {
      if (way === 'address') return settle({ kind: 'healthy' });
      socket.resume();
      socket.once('data', () => settle({ kind: 'healthy' }));
      socket.once('close', () => settle(unhealthy(`nothing listens on port ${port}`)));
      setTimeout(() => settle({ kind: 'healthy' }), proxyVerdictMs);
    });
  });

const byHttp = (
  { host, port }: Target,
  how: Extract<NetworkProbe, { kind: 'http' }>,
  signal: AbortSignal,
): Promise<ProbeOutcome> =>
  new Promise((resolve, reject) => {
    const headers = { 'user-agent': 'signalbeam-probe', connection: 'close' };
    const call = request({ host, port, path: how.path, signal, headers, agent: false }, (reply) => {
      const { statusCode = 0 } = reply;
      // The status is the verdict: the body may be endless.
      reply.once('error', () => undefined);
      reply.destroy();
      const wrong = `${how.path} answered ${statusCode}, not ${how.expectStatus}`;
      resolve(statusCode === how.expectStatus ? { kind: 'healthy' } : unhealthy(wrong));
    });
    call.once('error', reject);
    call.end();
  });

/** Failures that say something about the container; the others are the engine's. */
const containerCodes: ReadonlySet<string> = new Set([
  'exec-timeout',
  'container-not-running',
  'container-not-found',
  'engine-refused',
]);

const probeByCommand = async (
  engine: Engine,
  container: ObservedContainer,
  command: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeOutcome> => {
  try {
    const { exitCode, output } = await engine.exec(container.id, command, { timeoutMs, signal });
    if (exitCode === 0) return { kind: 'healthy' };
    const said = output.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
    return unhealthy(`the check ended with exit code ${exitCode}${said ? `: ${said}` : ''}`);
  } catch (cause) {
    if (!(cause instanceof FleetError && containerCodes.has(cause.code))) throw cause;
    if (cause.code === 'exec-timeout')
      return unhealthy(`the check took over ${timeoutMs / 1000} s`);
    if (cause.code === 'container-not-running') return unhealthy('it stopped running');
    return unhealthy(cause.message);
  }
};

const unhealthy = (reason: string): { kind: 'unhealthy'; reason: string } => ({
  kind: 'unhealthy',
  reason,
});
