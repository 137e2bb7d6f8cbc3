/**
 * Frames as agents really sent them, changed in every way: bytes on their way, and rows that the device
 * itself signed (its program is ill, or its disk). Ingest says that it refuses, or sets a row aside and
 * counts it; it does not throw, and takes no row for more than it says.
 */
import { packFrame, unpackFrame } from '@signalbeam/sync/wire/frame';
import { publicKeyFromText } from '@signalbeam/sync/wire/keys';
import { mutantsOf } from '@signalbeam/sync/wire/mutants.fixture';
import { metricsRowBytesMax } from '@signalbeam/telemetry-processor/ingest/copy-binary';
import { decodeFrame } from '@signalbeam/telemetry-processor/ingest/decode';
import type { KnownDevice } from '@signalbeam/telemetry-processor/ingest/directory';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { runOn } from './run/run-on.ts';
import { deviceIdOf, tenantKey } from './world/directory.ts';
import { createWorld, type World } from './world/world.ts';

type Sent = { subject: string; data: Uint8Array; number: number };

const devices = new Map<string, KnownDevice>();
const sent: Sent[] = [];
let world: World;
const keyOf = (number: number) =>
  publicKeyFromText(world.notary.signer(`device ${number}`).publicKey);

/** Two devices, changes of what they run, and an outage long enough for history to be summed up. */
beforeAll(async () => {
  world = createWorld({
    ...{ seed: 7, devices: 2, realCrypto: true, keepTrace: false, mesh: false, rollouts: null },
    bug: {
      carrier: (carrier) => ({
        ...carrier,
        publishDurable: (subject, bytes, timeoutMs) => {
          const deviceId = subject.split('.').at(-1) ?? '';
          const number = deviceId === deviceIdOf(0) ? 0 : 1;
          sent.push({ subject: `${tenantKey}.${subject}`, data: bytes, number });
          return carrier.publishDurable(subject, bytes, timeoutMs);
        },
      }),
    },
  });
  const live = (events: number) => {
    const until = world.kernel.events() + events;
    return runOn(world, Number.MAX_SAFE_INTEGER, () => world.kernel.events() >= until);
  };
  const pathsAre = (cut: boolean): void => {
    for (const { parts, carrier } of world.devices) {
      parts.path.cut = cut;
      carrier?.pathChanged();
    }
  };
  for (let change = 0; change < 4; change += 1) {
    for (const number of [0, 1]) world.director.change(deviceIdOf(number));
    await live(400);
  }
  pathsAre(true);
  await live(9_000);
  pathsAre(false);
  await live(2_000);
  for (const [deviceId, known] of world.directory) {
    const number = deviceId === deviceIdOf(0) ? 0 : 1;
    devices.set(deviceId, { ...known, publicKey: keyOf(number) });
  }
});

const decode = ({ subject, data }: Pick<Sent, 'subject' | 'data'>) =>
  decodeFrame({ subject, data }, devices, 1_800_000_000_000);

test('frames of real agents are taken: each lane, gaps and history that was summed up', () => {
  const seen = new Set<string>();
  for (const each of sent) {
    const frame = decode(each);
    if (frame.kind === 'refused') throw new Error(frame.reason);
    expect(frame.setAside).toEqual([]);
    seen.add(frame.lane);
    if (frame.gaps.length > 0) seen.add('gap');
    if (frame.content.lane === 'backfill' && frame.content.thinned.some((row) => row !== undefined))
      seen.add('thinned');
  }
  expect([...seen].sort()).toEqual([
    ...['backfill', 'events', 'gap', 'metrics', 'reported', 'thinned'],
  ]);
});

test('bytes that were changed on their way are refused', () => {
  const some = sent.filter(({ number }) => number === 0).slice(-40);
  const [{ subject }] = some as [Sent];
  const true_ = new Set(some.map(({ data }) => Buffer.from(data).toString('latin1')));
  fc.assert(
    fc.property(mutantsOf(some.map(({ data }) => data)), (data) => {
      if (true_.has(Buffer.from(data).toString('latin1'))) return;
      expect(decode({ subject, data }).kind).toBe('refused');
    }),
    { numRuns: 300 },
  );
});

/** Values that somebody else's parser, Postgres or a chart would choke on. */
const odd = fc.constantFrom<unknown>(
  ...[
    null,
    true,
    -1,
    1.5,
    1e308,
    -1e308,
    2 ** 53,
    '',
    'x'.repeat(9_000),
    '\u0000',
    '\ud800',
    [],
    {},
  ],
  ...[[[[[[]]]]], { toString: 1 }, JSON.parse('{"__proto__":{"x":1}}'), '1e999', 'NaN'],
);

/** One place of the row, whichever, says something odd, is left out, or is said under another name. */
const oddRow = (line: string): fc.Arbitrary<string> => {
  const places: (string | number)[][] = [];
  const walk = (value: unknown, path: (string | number)[]): void => {
    places.push(path);
    if (value === null || typeof value !== 'object') return;
    for (const [key, each] of Object.entries(value)) walk(each, [...path, key]);
  };
  const row = JSON.parse(line) as unknown;
  walk(row, []);
  return fc
    .tuple(fc.constantFrom(...places), odd, fc.constantFrom('set', 'drop', 'add'))
    .map(([path, value, how]) => {
      if (path.length === 0) return JSON.stringify(value) ?? 'null';
      const copy = structuredClone(row) as Record<string | number, unknown>;
      let at = copy;
      for (const key of path.slice(0, -1)) at = at[key] as typeof copy;
      const last = path.at(-1) ?? '';
      if (how === 'set') at[last] = value;
      else if (how === 'drop') delete at[last];
      else if (Array.isArray(at)) at.push(value);
      else at[`${last}_`] = value;
      return JSON.stringify(copy);
    });
};

test('rows that their own device signed are what they say, or are set aside and counted', () => {
  let [taken, setAside, refused] = [0, 0, 0];
  const frames = fc.constantFrom(...sent.filter((_, index) => index % 5 === 0));
  const changed = frames.chain((each) => {
    const unpacked = unpackFrame(each.data, keyOf(each.number));
    if (unpacked.kind === 'refused') throw new Error(unpacked.reason);
    const { header, lines } = unpacked.frame;
    const text = (line: string) =>
      mutantsOf([Buffer.from(line)]).map((bytes) => Buffer.from(bytes).toString('utf8'));
    const oneBad = fc.nat(lines.length - 1).chain((index) => {
      const line = lines[index] ?? '';
      return fc.oneof(oddRow(line), text(line)).map((bad) => lines.with(index, bad));
    });
    // Now and then one is there twice, and the frame is none.
    const [first = ''] = lines;
    const miscounted = fc.constant([first, ...lines]);
    return fc
      .oneof({ weight: 19, arbitrary: oneBad }, { weight: 1, arbitrary: miscounted })
      .map((bad) => ({ each, header, lines: bad.flatMap((line) => line.split('\n')) }));
  });
  fc.assert(
    fc.property(changed, ({ each, header, lines }) => {
      const signer = world.notary.signer(`device ${each.number}`);
      const data = packFrame({ header, lines }, signer);
      const frame = decode({ subject: each.subject, data });
      if (frame.kind === 'refused') {
        refused += 1;
        expect(frame.code).toMatch(/^frame-(malformed|bad-header|too-large)$/);
        return;
      }
      const { content, gaps } = frame;
      const away = new Set([...frame.setAside, ...gaps].map(({ line }) => line));
      setAside += frame.setAside.length;
      taken += lines.length - away.size;
      for (const { line, text, seq } of frame.setAside) {
        expect(lines[line]).toBe(text);
        expect(frame.extent.ends[line]).toBe(seq);
      }
      if ('copy' in content) {
        expect(content.copy.byteLength).toBeLessThanOrEqual(lines.length * metricsRowBytesMax);
        expect(content.times.filter((at) => at !== undefined)).toHaveLength(
          lines.length - away.size,
        );
        return;
      }
      for (const [index, row] of content.rows.entries()) {
        expect(row === undefined).toBe(away.has(index));
        if (row === undefined) continue;
        const said = JSON.parse(lines[index] ?? '') as { seq: number; at: number };
        expect({ seq: row.seq, at: row.at }).toEqual({ seq: said.seq, at: said.at });
        expect(JSON.stringify(row)).not.toMatch(/\\u(0000|d[89a-f])/i);
      }
    }),
    { numRuns: 400 },
  );
  expect(Math.min(taken, setAside, refused)).toBeGreaterThan(0);
});
