/**
 * The answer to a device's hello: where each lane it names stands, position 0 when nothing of its
 * epoch is known, and what it may send. Pure; signing and sending is the caller's.
 */
import { chainStart, type Lane } from '@signalbeam/sync/core/lanes';
import { creditOf } from './credit.ts';
import type { Position } from './position.ts';

type Asked = { lane: Lane; epoch: string };
export type WelcomeLane = Asked & Position & { credit: number };

export const welcomeLanes = (
  asked: readonly Asked[],
  positionOf: (lane: Lane, epoch: string) => Position | undefined,
  pressure: number,
): WelcomeLane[] =>
  asked.map(({ lane, epoch }) => ({
    lane,
    epoch,
    ...(positionOf(lane, epoch) ?? { upTo: 0, hash: chainStart }),
    credit: creditOf(lane, pressure),
  }));
