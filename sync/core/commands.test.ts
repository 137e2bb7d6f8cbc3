/** A command runs once, for its device, before its end; the time is the floor's. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CommandFacts, judgeCommand } from './commands.ts';

const known = { deviceId: 'me', highWater: 3, floorMs: 1_000 };

describe('a command', () => {
  it('runs when it is new, for this device and in time', () => {
    const command = { deviceId: 'me', version: 4, expiresAtMs: 1_000 };
    expect(judgeCommand(command, known)).toEqual({ kind: 'run' });
    expect(judgeCommand({ ...command, deviceId: 'you' }, known)).toMatchObject({
      code: 'wrong-audience',
    });
    expect(judgeCommand({ ...command, version: 3 }, known)).toMatchObject({
      code: 'command-replayed',
    });
    expect(judgeCommand({ ...command, expiresAtMs: 999 }, known)).toMatchObject({
      code: 'command-expired',
    });
  });

  it('runs at most once, in whatever order and however often it comes', () => {
    const one = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 40 }), (versions) => {
        let highWater = 0;
        const ran: number[] = [];
        for (const version of versions) {
          const command: CommandFacts = { deviceId: 'me', version, expiresAtMs: 5 };
          if (judgeCommand(command, { deviceId: 'me', highWater, floorMs: 0 }).kind === 'run') {
            ran.push(version);
            highWater = version;
          }
        }
        expect(new Set(ran).size).toBe(ran.length);
        expect(ran).toEqual(ran.toSorted((a, b) => a - b));
      }),
    );
  });
});
