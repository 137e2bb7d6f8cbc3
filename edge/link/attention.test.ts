import type { Carrier } from '@signalbeam/sync/nats/carrier';
import { expect, test } from 'vitest';
import { startAttention } from './attention.ts';

const body = { cpuPercent: 3, memoryPercent: 2, diskPercent: 4, temperatureCelsius: 9 };

const start = () => {
  const acts: string[] = [];
  const at = { now: 1_000, updating: false };
  let look = (): void => undefined;
  let hint = (_: Uint8Array): void => undefined;
  const subscribe: Carrier['subscribe'] = (subject, listener) => {
    expect(subject).toBe('signalbeam.down.s.d.attend');
    hint = (bytes) => listener(bytes, subject);
    return () => undefined;
  };
  const attention = startAttention({
    carrier: { subscribe },
    device: { deviceId: 'd', site: 's' },
    calm: { beatMs: 60_000, hold: true },
    updating: () => at.updating,
    onAppended: (listener) => {
      look = listener;
      return () => undefined;
    },
    steady: () => at.now,
    onFaster: () => acts.push('faster'),
    onHurry: () => acts.push('hurry'),
  });
  const attend = (hinted: unknown): void => hint(Buffer.from(JSON.stringify(hinted)));
  return { acts, at, attention, attend, look: () => look() };
};

test('somebody looks: at once everything goes, then each sample on its own, then it is calm again', () => {
  const { acts, at, attention, attend, look } = start();
  at.now += 90_000;
  look();
  attend({ forMs: 60_000 });
  expect(acts.splice(0)).toEqual(['faster', 'hurry']);
  attention.sampled(body);
  expect(acts.splice(0)).toEqual(['hurry']);
  attend({ forMs: 60_000 });
  at.now += 60_001;
  attention.sampled(body);
  expect(acts).toEqual([]);
  expect(attention.pace().beatMs).toBe(60_000);
});

test('who has just started is not unknown for a quarter of an hour', () => {
  const { at, attention } = start();
  expect(attention.pace().holdMs).toBe(0);
  at.now += 90_000;
  expect(attention.pace().holdMs).toBe(900_000);
});

test('an update makes it quick, trouble only hurries samples', () => {
  const { acts, at, attention, look } = start();
  at.now += 90_000;
  look();
  at.updating = true;
  look();
  look();
  expect(acts.splice(0)).toEqual(['faster', 'hurry']);
  at.updating = false;
  look();
  attention.sampled({ ...body, diskPercent: 97 });
  expect(acts).toEqual(['hurry']);
});

test('a processor that becomes busy is told within about a minute, and goes on to be told', () => {
  const { acts, at, attention, look } = start();
  const sample = (cpuPercent: number, seconds: number): void => {
    for (let taken = 0; taken < seconds; taken += 15) {
      at.now += 15_000;
      attention.sampled({ ...body, cpuPercent });
    }
  };
  sample(5, 600);
  look();
  expect(attention.pace().holdMs).toBe(900_000);
  sample(100, 60);
  expect(acts.splice(0)).toEqual(['hurry']);
  sample(100, 600);
  expect(attention.pace()).toMatchObject({ beatMs: 60_000, holdMs: 0 });
  sample(100, 600);
  expect(attention.pace().holdMs).toBe(900_000);
  expect(acts).toEqual([]);
});

test('a hint for too long, or none at all, changes nothing', () => {
  const { acts, attend } = start();
  for (const hinted of [{ forMs: 3_600_000 }, { forMs: 0 }, {}, 'x'.repeat(100)]) attend(hinted);
  expect(acts).toEqual([]);
});
