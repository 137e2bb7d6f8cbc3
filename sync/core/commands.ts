/**
 * Whether a device runs a command that is signed for it: once, in order, and not after its end.
 * The version is the high-water mark, so a command that is replayed, from whatever path, runs never
 * again; an expired one is recorded, not run.
 */
export type CommandFacts = { deviceId: string; version: number; expiresAtMs: number };

export type CommandVerdict =
  | { kind: 'run' }
  | { kind: 'refused'; code: 'wrong-audience' | 'command-replayed' | 'command-expired' };

export const judgeCommand = (
  command: CommandFacts,
  known: { deviceId: string; highWater: number; floorMs: number },
): CommandVerdict => {
  if (command.deviceId !== known.deviceId) return { kind: 'refused', code: 'wrong-audience' };
  if (command.version <= known.highWater) return { kind: 'refused', code: 'command-replayed' };
  if (known.floorMs > command.expiresAtMs) return { kind: 'refused', code: 'command-expired' };
  return { kind: 'run' };
};
