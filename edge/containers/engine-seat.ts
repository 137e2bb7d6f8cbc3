/**
 * Keeps hold of the container engine that answers: found at the start, looked for again while none
 * does, told about when it comes or goes. The reconciler asks for the current one each time.
 */
import type { EventBody } from '@signalbeam/sync/wire/rows';
import { type DetectOptions, detectEngine } from './detect.ts';
import type { Engine } from './engine.ts';

type Log = (
  level: 'info' | 'warn' | 'error',
  message: string,
  facts?: Record<string, unknown>,
) => void;

const lookMs = { first: 1_000, max: 30_000 };

export type EngineSeat = Awaited<ReturnType<typeof openEngineSeat>>;

export const openEngineSeat = async (parts: {
  detect: DetectOptions;
  log: Log;
  appendEvent: (event: EventBody) => void;
  onChange: () => void;
}) => {
  let current: Engine | null = null;
  let about = { kind: 'none' as 'docker' | 'podman' | 'none', version: '', reachable: false };
  let limits = { memory: false, cpu: false };
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let failures = 0;
  let told = false;

  const later = (): void => {
    clearTimeout(timer);
    if (stopped) return;
    timer = setTimeout(() => void look(), Math.min(lookMs.max, lookMs.first * 2 ** failures));
    failures = Math.min(failures + 1, 10);
  };
  const missing = (tried: readonly { path: string; reason: string }[]): void => {
    about = { ...about, reachable: false };
    if (!told) {
      told = true;
      const where = tried.map(({ path, reason }) => `${path}: ${reason}`).join('; ');
      parts.log('warn', 'No container engine answers', { tried: where });
      parts.appendEvent({
        type: 'engine-down',
        severity: 'error',
        message: `No container engine answers (${where}). What runs is left as it is.`.slice(
          0,
          1_000,
        ),
        data: {},
      });
    }
    later();
  };
  const look = async (): Promise<void> => {
    const found = await detectEngine(parts.detect);
    if (stopped) return;
    if (found.kind === 'none') return missing(found.tried);
    try {
      const described = await found.engine.describe();
      about = { kind: described.kind, version: described.version, reachable: true };
      limits = described.limits;
    } catch (cause) {
      return missing([{ path: found.socketPath, reason: String(cause) }]);
    }
    current = found.engine;
    failures = 0;
    if (told) {
      parts.appendEvent({
        type: 'engine-up',
        severity: 'info',
        message: `${about.kind} ${about.version} answers again.`,
        data: {},
      });
    }
    told = false;
    parts.onChange();
  };

  await look();
  return {
    current: () => current,
    describe: () => about,
    limits: () => limits,
    lost: (engine: Engine): void => {
      if (current !== engine) return;
      current = null;
      about = { ...about, reachable: false };
      void engine.close();
      failures = 0;
      later();
    },
    stop: async (): Promise<void> => {
      stopped = true;
      clearTimeout(timer);
      await current?.close();
    },
  };
};
