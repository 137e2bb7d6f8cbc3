/**
 * A machine's clock that is plainly wrong: raised when the agent may, said when it may not. The
 * clock is the test's own; the adapter runs a program of the test's, never the machine's `date`.
 */
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventBody } from '@signalbeam/sync/wire/rows';
import { expect, test } from 'vitest';
import { keepClock } from './keep-clock.ts';
import { clockByCommand, type SystemClock } from './system-clock.ts';

const builtAtMs = Date.parse('2026-11-01');
const signedMs = Date.parse('2027-03-01T10:00:00Z');

const agentAt = (startMs: number, clock: (machine: { nowMs: number }) => SystemClock | null) => {
  const machine = { nowMs: startMs };
  const events: EventBody[] = [];
  let look = (): void => undefined;
  const kept = keepClock({
    builtAtMs,
    clock: clock(machine),
    now: () => machine.nowMs,
    appendEvent: (event) => events.push(event),
    log: () => undefined,
    timers: {
      after: () => () => undefined,
      every: (_, run) => {
        look = run;
        return () => undefined;
      },
    },
  });
  return { ...kept, machine, types: () => events.map(({ type }) => type), tick: () => look() };
};

const settable = (machine: { nowMs: number }): SystemClock => ({
  set: async (toMs) => {
    machine.nowMs = toMs;
    return { kind: 'set' };
  },
});

test('in 1970 it is raised to the build at once, and to what is signed once that is known', async () => {
  const agent = agentAt(60_000, settable);
  await agent.look();
  expect(agent.machine.nowMs).toBe(builtAtMs);
  await agent.follow(() => signedMs);
  expect(agent.machine.nowMs).toBe(signedMs);
  expect(agent.types()).toEqual(['clock-raised', 'clock-raised']);
  expect(agent.said()).toBeNull();
});

test('one that it is not asked to set is said once, stays as it is, and is right once a person sets it', async () => {
  const agent = agentAt(60_000, () => null);
  await agent.look();
  await agent.follow(() => signedMs);
  expect(agent.machine.nowMs).toBe(60_000);
  expect(agent.said()).toContain('1970-01-01 00:01');
  expect(agent.said()).toContain('2027-03-01 10:00');
  expect(agent.said()).toContain('--set-clock');
  agent.machine.nowMs = signedMs;
  await agent.look();
  expect(agent.said()).toBeNull();
  expect(agent.types()).toEqual(['clock-wrong', 'clock-right']);
});

test('one that can not be set is tried a few times, with the reason; a set that changes nothing is none', async () => {
  let tries = 0;
  const agent = agentAt(60_000, () => ({
    set: async () => {
      tries += 1;
      return tries === 1 ? { kind: 'set' } : { kind: 'refused', reason: 'not permitted' };
    },
  }));
  await agent.look();
  expect(agent.said()).toContain('did not change');
  await agent.look();
  expect(agent.said()).toContain('not permitted');
  for (let more = 0; more < 10; more += 1) await agent.look();
  expect(tries).toBe(3);
  expect(agent.types()).toEqual(['clock-wrong']);
});

test('it is never set back, whatever is ahead', async () => {
  const ahead = signedMs + 10 * 365 * 86_400_000;
  const agent = agentAt(ahead, settable);
  await agent.follow(() => signedMs);
  expect(agent.machine.nowMs).toBe(ahead);
  expect(agent.types()).toEqual([]);
});

test('a stolen key that signs the year 2100 does not move it', async () => {
  const agent = agentAt(signedMs, settable);
  await agent.follow(() => Date.parse('2100-01-01'));
  expect(agent.machine.nowMs).toBe(signedMs);
  expect(agent.said()).toContain('too far ahead');
});

test('the program is given whole seconds and its refusal is heard', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'clock-'));
  const program = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o700);
    return path;
  };
  const set = program('set', `echo "$@" > ${folder}/said`);
  expect(await clockByCommand(set).set(1_700_000_000_001)).toEqual({ kind: 'set' });
  expect(readFileSync(join(folder, 'said'), 'utf8')).toBe('-u -s @1700000001\n');
  const refuse = program('refuse', 'echo "cannot set date: Operation not permitted" >&2; exit 1');
  expect(await clockByCommand(refuse).set(0)).toEqual({
    kind: 'refused',
    reason: 'cannot set date: Operation not permitted',
  });
  expect(await clockByCommand(join(folder, 'absent')).set(0)).toMatchObject({ kind: 'refused' });
});
