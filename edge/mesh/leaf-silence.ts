/**
 * Whether the leaf of a suspected gateway still answers: a connection to its port, opened and
 * closed, again and again while the suspicion lasts. So another takes over before the mesh has its
 * verdict, and no stall of an agent costs a gateway its role while its leaf serves.
 */
import { connect } from 'node:net';
import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';
import type { PeerAddress } from './peer-tls.ts';

export type LeafSilence = {
  /** The one to look at; null while nobody is suspected. */
  watch(suspect: { deviceId: string; leaf: PeerAddress | null } | null): void;
  /** It did not answer when it was asked last. */
  isSilent(): boolean;
  stop(): void;
};

/** A kernel takes a connection within a few ms, whatever its programs do; one lost packet costs a second. */
const timeoutMs = 400;
const againMs = 400;

const answers = ({ host, port }: PeerAddress): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(timeoutMs, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });

export const createLeafSilence = (parts: {
  onChange: () => void;
  timers?: Timers;
}): LeafSilence => {
  const timers = parts.timers ?? systemTimers;
  let watched: string | null = null;
  let silent = false;
  let cancel = (): void => {};

  const look = async (deviceId: string, leaf: PeerAddress): Promise<void> => {
    const answered = await answers(leaf);
    if (watched !== deviceId) return;
    cancel = timers.after(againMs, () => void look(deviceId, leaf), 'background');
    if (silent === !answered) return;
    silent = !answered;
    parts.onChange();
  };
  const rest = (): void => {
    cancel();
    watched = null;
    silent = false;
  };
  return {
    watch: (suspect) => {
      if (suspect === null) return rest();
      if (suspect.deviceId === watched) return;
      rest();
      watched = suspect.deviceId;
      // Without a leaf there is nothing to wait for.
      if (suspect.leaf === null) silent = true;
      else void look(suspect.deviceId, suspect.leaf);
    },
    isSilent: () => silent,
    stop: rest,
  };
};
