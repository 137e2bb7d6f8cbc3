/** What a signed envelope must refuse: any changed bit, type, signer or size. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openEnvelope, sealEnvelope } from './dsse.ts';
import { createSeed, signerFromSeed } from './keys.ts';

const schema = z.strictObject({ hello: z.string() });
const type = 'application/vnd.example+json';
const signer = signerFromSeed(createSeed());
const stranger = signerFromSeed(createSeed());
const expected = { payloadType: type, keys: [signer], schema, bytesMax: 4_096 };

const edited = (
  bytes: Uint8Array,
  edit: (envelope: Record<string, unknown>) => void,
): Uint8Array => {
  const envelope = JSON.parse(Buffer.from(bytes).toString());
  edit(envelope);
  return Buffer.from(JSON.stringify(envelope));
};

describe('a signed envelope', () => {
  const sealed = sealEnvelope(type, { hello: 'world' }, [signer]);

  it('opens for who trusts its signer', () => {
    expect(openEnvelope(sealed, expected)).toEqual({
      kind: 'opened',
      value: { hello: 'world' },
      keyIds: [signer.keyId],
    });
  });

  it('is refused with any bit of payload or signature changed', () => {
    for (let bit = 0; bit < sealed.byteLength * 8; bit += 1) {
      const bytes = Buffer.from(sealed);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(openEnvelope(bytes, expected), `bit ${bit}`).toMatchObject({ kind: 'refused' });
    }
  });

  it('cannot pass for another type', () => {
    const other = edited(sealed, (envelope) => {
      envelope['payloadType'] = 'application/vnd.other+json';
    });
    expect(openEnvelope(other, expected)).toMatchObject({ code: 'wrong-type' });
    expect(
      openEnvelope(other, { ...expected, payloadType: 'application/vnd.other+json' }),
    ).toMatchObject({ code: 'bad-signature' });
  });

  it('signed by a stranger, or under a trusted name, is refused', () => {
    expect(openEnvelope(sealEnvelope(type, { hello: 'x' }, [stranger]), expected)).toMatchObject({
      code: 'unknown-signer',
    });
    const posing = edited(sealEnvelope(type, { hello: 'x' }, [stranger]), (envelope) => {
      for (const each of envelope['signatures'] as { keyid: string }[]) each.keyid = signer.keyId;
    });
    expect(openEnvelope(posing, expected)).toMatchObject({ code: 'bad-signature' });
  });

  it('needs as many different signers as the threshold says', () => {
    const keys = [signer, stranger];
    const twice = sealEnvelope(type, { hello: 'x' }, [signer, signer]);
    expect(openEnvelope(twice, { ...expected, keys, threshold: 2 })).toMatchObject({
      code: 'threshold-not-met',
    });
    const both = sealEnvelope(type, { hello: 'x' }, keys);
    expect(openEnvelope(both, { ...expected, keys, threshold: 2 }).kind).toBe('opened');
  });

  it('says the same content in the same bytes', () => {
    const one = sealEnvelope(type, { a: 1, b: { c: [null, 'x'], d: undefined } }, [signer]);
    const other = sealEnvelope(type, { b: { c: [null, 'x'] }, a: 1 }, [signer]);
    expect(Buffer.from(one).equals(Buffer.from(other))).toBe(true);
    expect(() => sealEnvelope(type, { a: Number.NaN }, [signer])).toThrow('signed');
  });

  it('passes over signers it does not know, and over none that it knows', () => {
    const both = sealEnvelope(type, { hello: 'world' }, [stranger, signer]);
    expect(openEnvelope(both, expected).kind).toBe('opened');
    const spoilt = edited(both, (envelope) => {
      const [first, second] = envelope['signatures'] as { sig: string }[];
      if (first !== undefined && second !== undefined) first.sig = second.sig;
    });
    expect(openEnvelope(spoilt, { ...expected, keys: [signer, stranger] })).toMatchObject({
      code: 'bad-signature',
    });
  });

  it('is refused for its size before it is parsed, and for unknown fields', () => {
    expect(openEnvelope(sealed, { ...expected, bytesMax: 50 })).toMatchObject({
      code: 'envelope-too-large',
      reason: expect.stringContaining('more than the 50 allowed'),
    });
    const more = edited(sealed, (envelope) => {
      envelope['extra'] = 1;
    });
    expect(openEnvelope(more, expected)).toMatchObject({ code: 'malformed-envelope' });
    const odd = sealEnvelope(type, { hello: 'world', extra: 1 }, [signer]);
    expect(openEnvelope(odd, expected)).toMatchObject({ code: 'bad-payload' });
    expect(openEnvelope('not json', expected)).toMatchObject({ code: 'malformed-envelope' });
  });
});
