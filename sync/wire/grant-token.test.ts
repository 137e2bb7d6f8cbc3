/** A grant as text: opens for its holder alone, whatever is changed of it. */
import { expect, test } from 'vitest';
import { encodeGrantToken, grantTokenLengthMax, openGrantToken } from './grant-token.ts';
import { createSeed, signerFromSeed } from './keys.ts';
import { sealRecord } from './record-envelope.ts';
import { issuedAt, keys, keysetWith, tenantId } from './records.fixture.ts';
import { payloadTypes } from './records.ts';

const seed = createSeed();
const keyOf = (of: Uint8Array) => {
  const { keyId, publicKey } = signerFromSeed(of);
  return { keyId, publicKey };
};
const grant = {
  tenantId,
  site: 's'.repeat(63),
  grantId: tenantId,
  version: 1,
  issuedAt,
  expiresAt: issuedAt,
  holder: { name: 'Å'.repeat(200), key: keyOf(seed) },
  may: ['console'],
  revoked: false,
};
const sealed = sealRecord(payloadTypes.grant, grant, [keys.director]);
const token = encodeGrantToken(seed, sealed);
const keyset = keysetWith();

test('the longest fits, and copying may break its lines', () => {
  expect(token.length).toBeLessThan(grantTokenLengthMax);
  const broken = `\n ${token.slice(0, 80)}\r\n${token.slice(80)} `;
  expect(openGrantToken(broken, keyset)).toMatchObject({ kind: 'opened', grant });
});

test('another’s secret, another signer, any changed letter and what is no grant are refused', () => {
  const stolen = encodeGrantToken(createSeed(), sealed);
  const forged = encodeGrantToken(seed, sealRecord(payloadTypes.grant, grant, [keys.release]));
  const changed = Array.from({ length: 200 }, (_, nth) => {
    const at = 4 + Math.floor((nth * (token.length - 5)) / 200);
    const other = token[at] === 'A' ? 'B' : 'A';
    return `${token.slice(0, at)}${other}${token.slice(at + 1)}`;
  });
  for (const text of [stolen, forged, ...changed, '', 'sbg_', 'sbg_AAAA', 'ABCD-EFGH', 'sbg_!'])
    expect(openGrantToken(text, keyset).kind, text.slice(0, 40)).toBe('refused');
  expect(openGrantToken(`sbg_${'A'.repeat(4_000)}`, keyset).kind).toBe('refused');
});
