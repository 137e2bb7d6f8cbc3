/**
 * Whether anything asks this device to talk quickly, and telling its link at once when that begins.
 * That the cloud's console looks at it arrives as a hint; the rest it knows by itself. What follows
 * from it is decided in `core/pace`.
 */
import type { Carrier } from '@signalbeam/sync/nats/carrier';
import { attendSchema } from '@signalbeam/sync/wire/heartbeat';
import { parseJson } from '@signalbeam/sync/wire/shape';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { type Gauges, sampled, unmoved } from '../core/moved.ts';
import { type Doing, isStrained, type Pace, paceOf } from '../core/pace.ts';

export type AttentionParts = {
  carrier: Pick<Carrier, 'subscribe'>;
  device: { deviceId: string; site: string };
  calm: { beatMs: number; hold: boolean };
  updating: () => boolean;
  /** Tells of rows that were added: what the device does may have changed. */
  onAppended: (listener: () => void) => () => void;
  /** Milliseconds that only grow. */
  steady: () => number;
  /** Beats are to come faster than was announced. */
  onFaster: () => void;
  /** Samples may no longer wait. */
  onHurry: () => void;
};

const attendBytesMax = 64;

export const startAttention = (parts: AttentionParts) => {
  const { device, steady } = parts;
  let doing: Doing = {
    ...{ startedAtMs: steady(), lookedAtUntilMs: 0, updating: false, strained: false },
    movedUntilMs: 0,
  };
  let moved = unmoved(steady());
  const pace = (): Pace => paceOf(doing, parts.calm, steady());
  let told = pace();

  const look = (): void => {
    doing = { ...doing, updating: parts.updating() };
    const [before, next] = [told, pace()];
    told = next;
    if (next.beatMs < before.beatMs) parts.onFaster();
    if (next.holdMs < before.holdMs) parts.onHurry();
  };
  const unsubscribe = parts.carrier.subscribe(
    deviceSubjects.down(device.site, device.deviceId, 'attend'),
    (bytes) => {
      const heard = parseJson(bytes, attendSchema, attendBytesMax);
      if (heard.kind === 'refused') return;
      doing = { ...doing, lookedAtUntilMs: steady() + heard.value.forMs };
      look();
    },
  );
  const unlisten = parts.onAppended(look);
  return {
    pace,
    /** A sample was taken; while somebody looks it goes on its own. */
    sampled: (sample: Gauges): void => {
      moved = sampled(moved, sample, steady());
      doing = { ...doing, strained: isStrained(sample), movedUntilMs: moved.untilMs };
      look();
      if (doing.lookedAtUntilMs > steady()) parts.onHurry();
    },
    stop: (): void => {
      unsubscribe();
      unlisten();
    },
  };
};
