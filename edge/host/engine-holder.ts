/**
 * The container engine that answers right now, if one does. When it goes away it is looked for
 * again with growing pauses; its coming and going are events, the desired state is untouched.
 */
import type { EventBody } from '@signalbeam/sync/wire/rows';
import type { EngineState } from '../agent/parts.ts';
import { type DetectOptions, detectEngine } from '../containers/detect.ts';
import type { Engine } from '../containers/engine.ts';
import type { AgentLog } from './log.ts';

export type EngineHolder = ReturnType<typeof holdEngine>;

const pauseMs = { first: 1_000, max: 30_000 };
const absent: EngineState = { kind: 'none', version: '', reachable: false };

export const holdEngine = (parts: {
  detect: DetectOptions;
  appendEvent: (body: EventBody) => void;
  log: AgentLog;
  onChange: () => void;
}) => {
  let engine: Engine | null = null;
  let described: EngineState = absent;
  let limits = { memory: true, cpu: true };
  let wasDown = false;
  let failures = 0;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let looking = false;

  const look = async (): Promise<void> => {
    if (looking || stopped) return;
    looking = true;
    const found = await find(parts.detect);
    looking = false;
    if (stopped) return void (found.kind === 'found' && found.engine.close());
    if (found.kind === 'none') return absentee(found.reason);
    failures = 0;
    engine = found.engine;
    described = { kind: engine.kind, version: found.version, reachable: true };
    limits = found.limits;
    parts.log('info', 'A container engine answers', { ...described, socket: found.socketPath });
    if (wasDown) tell('engine-up', 'info', `${engine.kind} ${found.version} answers again.`);
    wasDown = false;
    parts.onChange();
  };
  const absentee = (reason: string): void => {
    if (!wasDown) {
      parts.log('warn', 'No container engine answers; it is looked for again', { reason });
      tell('engine-down', 'error', `No container engine answers: ${reason}`.slice(0, 1_000));
      wasDown = true;
      parts.onChange();
    }
    failures += 1;
    const delayMs = Math.min(pauseMs.max, pauseMs.first * 2 ** Math.min(failures, 10));
    timer = setTimeout(() => void look(), delayMs);
  };
  const tell = (
    type: 'engine-up' | 'engine-down',
    severity: EventBody['severity'],
    message: string,
  ): void => parts.appendEvent({ type, severity, message, data: {} });

  return {
    current: () => engine,
    describe: () => described,
    limits: () => limits,
    /** A call found nobody there. */
    lost: (which: Engine): void => {
      if (engine !== which) return;
      engine = null;
      described = { ...described, reachable: false };
      void which.close().catch(() => undefined);
      void look();
    },
    look,
    stop: async (): Promise<void> => {
      stopped = true;
      clearTimeout(timer);
      await engine?.close();
    },
  };
};

type Found =
  | {
      kind: 'found';
      engine: Engine;
      socketPath: string;
      version: string;
      limits: { memory: boolean; cpu: boolean };
    }
  | { kind: 'none'; reason: string };

const find = async (options: DetectOptions): Promise<Found> => {
  const detected = await detectEngine(options);
  if (detected.kind === 'none') {
    return {
      kind: 'none',
      reason: detected.tried.map(({ path, reason }) => `${path}: ${reason}`).join('; '),
    };
  }
  const { engine, socketPath } = detected;
  try {
    const { version, limits } = await engine.describe();
    return { kind: 'found', engine, socketPath, version, limits };
  } catch (cause) {
    await engine.close().catch(() => undefined);
    return {
      kind: 'none',
      reason: cause instanceof Error ? cause.message : 'it did not describe itself',
    };
  }
};
