/**
 * What a batch of frames does to the positions of its lanes: frame by frame in the order of arrival,
 * each judged against where the ones before it left its lane. Pure: the caller holds the positions'
 * rows locked and stores exactly what is said to be new.
 */
import { type Decision, decide, type Extent, type Position } from './position.ts';

export type BatchPositions<P extends Position> = {
  decisions: Decision[];
  /** Where each frame found its lane. */
  before: P[];
  /** Every lane of the batch, where it stands after it; `moved` when that is further than before. */
  after: Map<string, P & { moved: boolean }>;
};

/** `watermarks` holds a position for each key. */
export const judgeBatch = <P extends Position>(
  frames: readonly { key: string; extent: Extent }[],
  watermarks: ReadonlyMap<string, P>,
): BatchPositions<P> => {
  const after = new Map<string, P & { moved: boolean }>();
  const before: P[] = [];
  const decisions = frames.map(({ key, extent }) => {
    const locked = watermarks.get(key);
    if (locked === undefined) throw new Error(`the position of ${key} was not locked`);
    const position = after.get(key) ?? { ...locked, moved: false };
    before.push(position);
    const decision = decide(position, extent);
    after.set(
      key,
      decision.kind === 'new' ? { ...position, ...decision.position, moved: true } : position,
    );
    return decision;
  });
  return { decisions, before, after };
};
