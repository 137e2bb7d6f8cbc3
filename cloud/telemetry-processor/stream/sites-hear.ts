/**
 * What somebody who is held to some sites hears of the news that are of no one device. Of a rollout that they
 * see: that something happened, and what became of their own devices; its counts are of all sites, so they ask
 * the API for theirs. Of an alert about such a rollout: all that they may read. Nothing of any other. Which
 * rollouts they see the caller finds out, once for each until it is forgotten; what is not known waits.
 */
import type { DomainMessage } from '@signalbeam/platform/events/message';

/** Messages that wait for one answer; what is more than that is missed. */
const waitingMax = 1_000;
const togetherMs = 200;

const fieldOf = (data: unknown, key: string): unknown =>
  typeof data === 'object' && data !== null ? Reflect.get(data, key) : undefined;

/** The rollout that a message is about, as far as that decides who hears it. */
export const rolloutOf = ({ type, data }: Pick<DomainMessage, 'type' | 'data'>): string | null => {
  const id = fieldOf(data, 'rolloutId');
  const isOfRollout = type.startsWith('rollout.') || type.startsWith('alert.');
  return isOfRollout && typeof id === 'string' ? id : null;
};

/** Null: it names devices, and none of theirs. */
export const heardOfRollout = (
  { type, data }: Pick<DomainMessage, 'type' | 'data'>,
  seen: ReadonlySet<string>,
): unknown => {
  if (!type.startsWith('rollout.')) return data;
  const named = fieldOf(data, 'devices');
  const all = Array.isArray(named) ? named : [];
  const devices = all.filter((device) => seen.has(String(fieldOf(device, 'deviceId'))));
  if (type === 'rollout.progressed' && all.length > 0 && devices.length === 0) return null;
  return { rolloutId: fieldOf(data, 'rolloutId'), devices };
};

export type RolloutsSeen = {
  /** Undefined: not known yet; whoever asks hears of it by `decided`. */
  isSeen: (rolloutId: string) => boolean | undefined;
  wait: (message: DomainMessage) => void;
  forget: () => void;
  stop: () => void;
};

export const createRolloutsSeen = (options: {
  /** Which of these they see. */
  look: (rolloutIds: readonly string[]) => Promise<ReadonlySet<string>>;
  /** One that waited, and is theirs to hear. */
  decided: (message: DomainMessage) => void;
  failed: (error: unknown) => void;
}): RolloutsSeen => {
  const known = new Map<string, boolean>();
  let waiting: DomainMessage[] = [];
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  const decide = async (): Promise<void> => {
    const messages = waiting;
    waiting = [];
    const ids = [...new Set(messages.flatMap((message) => rolloutOf(message) ?? []))];
    const seen = await options.look(ids);
    for (const id of ids) known.set(id, seen.has(id));
    for (const message of messages) {
      if (!stopped && seen.has(rolloutOf(message) ?? '')) options.decided(message);
    }
  };
  const arm = (): void => {
    timer ??= setTimeout(() => {
      decide()
        .catch(options.failed)
        .finally(() => {
          timer = null;
          if (waiting.length > 0 && !stopped) arm();
        });
    }, togetherMs);
  };
  return {
    isSeen: (rolloutId) => known.get(rolloutId),
    wait: (message) => {
      if (stopped || waiting.length >= waitingMax) return;
      waiting.push(message);
      arm();
    },
    forget: () => known.clear(),
    stop: () => {
      stopped = true;
      clearTimeout(timer ?? undefined);
    },
  };
};
