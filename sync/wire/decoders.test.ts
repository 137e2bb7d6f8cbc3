/**
 * Every decoder of what crosses a wire, against true messages that were changed on their way and
 * against noise: it says that it refuses, and why; it does not throw, it keeps nothing, and nothing
 * that was signed passes for more than it was. Packets of the mesh: mesh-message.test.ts, and as
 * captured from real sockets in edge/mesh/mesh-shell.test.ts.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { siteRecordBytesMax } from '../core/limits.ts';
import { sealEnvelope } from './dsse.ts';
import { enrolmentStatusSchema } from './enrolment.ts';
import { packFrame, unpackFrame } from './frame.ts';
import {
  attendSchema,
  callSchema,
  heartbeatSchema,
  heartbeatText,
  pokeSchema,
  sitePokeSchema,
} from './heartbeat.ts';
import { openAcknowledgement, openHello, openWelcome } from './hello.ts';
import { publicKeyFromRaw } from './keys.ts';
import { mutantsOf } from './mutants.fixture.ts';
import { sealRecord } from './record-envelope.ts';
import {
  bundleId,
  devices,
  issuedAt,
  keys,
  keysetWith,
  samples,
  sealSample,
  tenantId,
} from './records.fixture.ts';
import { openRelease, payloadTypes, releaseDigestOf } from './records.ts';
import { eventBody, gapLine, metricsBody, rowLine } from './rows.ts';
import { parseJson } from './shape.ts';
import { parseDeviceSubject } from './subjects.ts';
import { member, nameOf, offer, rootBytes } from './trust.fixture.ts';
import { pinRoot } from './trust.ts';

const text = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const [me] = devices;
const epoch = '0123456789abcdef';
const position = { lane: 'events', epoch, upTo: 7, hash: 'a'.repeat(32), credit: 100 } as const;
const { signer } = me;
const key = { keyId: signer.keyId, publicKey: signer.publicKey };
const keyset = keysetWith();

const hello = sealEnvelope(
  payloadTypes.hello,
  {
    ...{ device: me.deviceId, bootId: 'boot', nonce: 'nonce-nonce', sentAt: 1, agentVersion: '1' },
    ...{ generation: 3, lanes: [{ lane: 'events', epoch, minSeq: 1, maxSeq: 9, backlogRows: 8 }] },
  },
  [signer],
);
const welcome = sealEnvelope(
  payloadTypes.welcome,
  { device: me.deviceId, nonce: 'nonce-nonce', serverTime: 5, lanes: [position] },
  [keys.ingest],
);
const acknowledgement = sealEnvelope(
  payloadTypes.acknowledgement,
  { device: me.deviceId, serverTime: 5, lanes: [position] },
  [keys.ingest],
);
const release = sealRecord(
  payloadTypes.release,
  {
    ...{
      tenantId,
      bundleId,
      bundleName: 'hello',
      version: '1.0.0',
      images: [],
      createdAt: issuedAt,
    },
    containers: [{ name: 'web', image: `registry.example/web@sha256:${'a'.repeat(64)}` }],
  },
  [keys.release],
);
const line = JSON.stringify({
  ...{ seq: 1, at: 5 },
  body: { type: 'link-up', severity: 'info', message: 'up', data: {} },
});
const frame = packFrame(
  {
    header: {
      ...{ device: me.deviceId, lane: 'events', epoch, firstSeq: 1, lastSeq: 1 },
      ...{ before: '0'.repeat(32), rows: 1, sentAt: 5 },
    },
    lines: [line],
  },
  signer,
);

/** By what is signed, and how it is opened; each takes its true message. */
const signed: [string, Uint8Array, (bytes: Uint8Array) => { kind: string }][] = [
  ['a hello', hello, (bytes) => openHello(bytes, key)],
  ['a welcome', welcome, (bytes) => openWelcome(bytes, keyset)],
  ['an acknowledgement', acknowledgement, (bytes) => openAcknowledgement(bytes, keyset)],
  ['a release', release, (bytes) => openRelease(bytes, keyset)],
  [
    'a frame',
    frame,
    (bytes) => unpackFrame(bytes, publicKeyFromRaw(Buffer.from(signer.publicKey, 'base64'))),
  ],
  ...samples.map((sample): (typeof signed)[number] => [
    `a record ${sample.kind}`,
    // The one that is pinned is version 1.
    sample.kind === 'root' ? rootBytes(2, [keys.root]) : sealSample(sample),
    (bytes) => offer(member, nameOf(sample.kind), bytes),
  ]),
];
const all = signed.map(([, bytes]) => bytes);

describe.each(signed)('%s', (_, bytes, open) => {
  it('is taken as it was signed', () => {
    expect(['opened', 'unpacked', 'accepted', 'unchanged']).toContain(open(bytes).kind);
  });

  it('is refused once it was changed, whatever was joined to it or said twice', () => {
    fc.assert(
      fc.property(mutantsOf([bytes, ...all]), (mutant) => {
        // Cut and joined it may be some true message again; here only its own counts.
        fc.pre(!Buffer.from(mutant).equals(Buffer.from(bytes)));
        expect(open(mutant).kind).toBe('refused');
      }),
      { numRuns: 120 },
    );
  });

  it('is refused for its size alone when it is too long', () => {
    const refused = open(Buffer.alloc(siteRecordBytesMax * 5, 0x7b));
    expect(refused).toMatchObject({ kind: 'refused' });
    expect((refused as unknown as { code: string }).code).toMatch(/too-large$/);
  });
});

/** Without a signature: they hint and change nothing, so whatever is read has the shape it must. */
const beat = { seq: 1, state: 'a'.repeat(16), generation: 2, nextBeatMs: 60_000 };
const sample = Object.fromEntries(Object.keys(metricsBody.shape).map((name) => [name, null]));
const gap = { from: 1, to: 4, reason: 'thinned', hash: 'a'.repeat(32) };
const hints: [string, z.ZodType, Uint8Array][] = [
  ['a heartbeat', heartbeatSchema, Buffer.from(heartbeatText(beat))],
  ['a poke', pokeSchema, text({ generation: 7 })],
  ["a site's poke", sitePokeSchema, text({ snapshot: 7 })],
  ['a call to greet', callSchema, text({ withinMs: 20_000 })],
  ['somebody looks', attendSchema, text({ forMs: 30_000 })],
  ['an answer about an enrolment', enrolmentStatusSchema, text({ status: 'pending' })],
  ['a row', rowLine(eventBody), Buffer.from(line)],
  ['a sample', rowLine(metricsBody), text({ seq: 1, at: 2, body: sample })],
  ['a gap', gapLine, text({ gap })],
];

describe.each(hints)('%s', (_, schema, bytes) => {
  it('is read or refused; nothing throws, and too much is not parsed', () => {
    expect(parseJson(bytes, schema, 512).kind).toBe('parsed');
    fc.assert(
      fc.property(mutantsOf([bytes, ...hints.map(([, , each]) => each), ...all]), (mutant) => {
        const read = parseJson(mutant, schema, 512);
        if (mutant.byteLength > 512) expect(read.kind).toBe('refused');
        // What was read is whole: written again it is read as the same.
        if (read.kind === 'parsed')
          expect(schema.safeParse(JSON.parse(Buffer.from(mutant).toString())).success).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

it('a root is pinned by its own signature or not at all, and no digest is another', () => {
  const root = samples.find(({ kind }) => kind === 'root');
  if (root === undefined) throw new Error('no root');
  const bytes = sealSample(root);
  fc.assert(
    fc.property(mutantsOf([bytes, ...all]), (mutant) => {
      // Another of the true messages may be a true root itself.
      fc.pre(![bytes, ...all].some((each) => Buffer.from(mutant).equals(Buffer.from(each))));
      expect(pinRoot(mutant, 0).kind).toBe('refused');
      expect(releaseDigestOf(mutant)).not.toBe(releaseDigestOf(bytes));
    }),
    { numRuns: 200 },
  );
});

it('a subject names a device or nobody', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (subject) => {
      const found = parseDeviceSubject(subject);
      if (found !== null) expect(subject.startsWith(`${found.tenantKey}.signalbeam.`)).toBe(true);
    }),
  );
});
