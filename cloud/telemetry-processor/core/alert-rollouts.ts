/**
 * Alerts of rollouts: one for each rollout on which devices failed, raised again only when more fail
 * than somebody has dealt with, and resolved when no failure is left or the rollout was taken back. Pure.
 */
export type RolloutStanding = { status: string; failed: number };
/** The newest alert of this rollout. */
export type RolloutAlert = { alertId: string; isOpen: boolean; deviceCount: number };

export type RolloutStep =
  | { kind: 'raise'; deviceCount: number }
  /** More (or fewer) failed than it says: it is put right, nobody is told again. */
  | { kind: 'count'; alertId: string; deviceCount: number }
  | { kind: 'resolve'; alertId: string };

/** Whoever cancelled it or went back has dealt with what failed. */
const takenBack: readonly string[] = ['cancelled', 'rolled-back'];

export const planRollout = (
  { status, failed }: RolloutStanding,
  alert: RolloutAlert | null,
): RolloutStep[] => {
  const isWell = failed === 0 || takenBack.includes(status);
  if (isWell) {
    return alert?.isOpen === true ? [{ kind: 'resolve', alertId: alert.alertId }] : [];
  }
  if (alert?.isOpen === true) {
    return alert.deviceCount === failed
      ? []
      : [{ kind: 'count', alertId: alert.alertId, deviceCount: failed }];
  }
  return alert === null || failed > alert.deviceCount
    ? [{ kind: 'raise', deviceCount: failed }]
    : [];
};
