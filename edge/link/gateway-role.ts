/**
 * Holding the gateway role: starting the leaf when this device is to have it, and stopping it when
 * another has it. It waits a while before it stops, because the others move over one by one.
 * Who holds the role is decided elsewhere.
 */
import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';
import { type Leaf, type LeafParts, startLeaf } from './leaf.ts';

export type GatewayRole = {
  /** The leaf that runs here, once it was started. */
  leaf(): Leaf | null;
  hold(): void;
  release(): void;
  /** Who belongs to the site changed. */
  membersChanged(): void;
  stop(): Promise<void>;
};

/** Longer than an agent takes to hear of the new leaf and to sign in there. */
const handOverMs = 15_000;
const retryMs = 10_000;

export const createGatewayRole = (
  parts: LeafParts & { onChange: () => void; timers?: Timers },
): GatewayRole => {
  const timers = parts.timers ?? systemTimers;
  let leaf: Leaf | null = null;
  let wanted = false;
  let busy: Promise<void> = Promise.resolve();
  let cancel = (): void => {};

  /** One change at a time, so that two leafs never start for one device. */
  const settle = (): void => {
    busy = busy.then(async () => {
      if (wanted === (leaf !== null)) return;
      if (!wanted) {
        const ending = leaf;
        leaf = null;
        parts.onChange();
        await ending?.stop();
        return;
      }
      try {
        leaf = await startLeaf(parts);
      } catch (cause) {
        parts.log('error', 'The leaf could not be started; it is tried again', {
          reason: cause instanceof Error ? cause.message : 'unknown',
        });
        cancel = timers.after(retryMs, settle);
      }
      parts.onChange();
    });
  };
  const role: GatewayRole = {
    leaf: () => leaf,
    hold: () => {
      cancel();
      if (wanted && leaf !== null) return;
      wanted = true;
      settle();
    },
    release: () => {
      if (!wanted) return;
      wanted = false;
      cancel();
      cancel = timers.after(handOverMs, settle);
    },
    membersChanged: () => {
      try {
        leaf?.membersChanged();
      } catch (cause) {
        parts.log(
          'error',
          'The leaf could not be told who belongs to the site; it is tried again',
          {
            reason: cause instanceof Error ? cause.message : 'unknown',
          },
        );
        timers.after(retryMs, role.membersChanged, 'background');
      }
    },
    stop: async () => {
      wanted = false;
      cancel();
      settle();
      await busy;
    },
  };
  return role;
};
