/**
 * When a version may take over on a device: named by the cloud as moments, so that a device needs
 * neither a calendar nor time zones, and none of its neighbours reads a rule otherwise. Pure.
 */
/** In whole seconds since 1970: sixteen slots of them must fit a record. */
export type Window = readonly [opensAtSeconds: number, closesAtSeconds: number];

export type WindowState =
  | { kind: 'open' }
  | { kind: 'closed'; opensAtMs: number }
  /** All that were named are over: the next ones are the cloud's to name. */
  | { kind: 'past' };

/** Absent means at any time. In any order, overlapping or not. */
export const windowStateAt = (windows: readonly Window[] | undefined, now: number): WindowState => {
  if (windows === undefined) return { kind: 'open' };
  if (windows.some(([opens, closes]) => opens * 1_000 <= now && now < closes * 1_000))
    return { kind: 'open' };
  const next = windows
    .filter(([opens, closes]) => opens * 1_000 > now && closes > opens)
    .map(([opens]) => opens * 1_000);
  return next.length === 0
    ? { kind: 'past' }
    : { kind: 'closed', opensAtMs: next.reduce((left, right) => Math.min(left, right)) };
};
