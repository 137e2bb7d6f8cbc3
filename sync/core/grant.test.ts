/** Who a grant lets in: each reason to refuse alone, and the clock that lies. */
import { expect, test } from 'vitest';
import { judgeGrant } from './grant.ts';

const claim = {
  tenantId: 't',
  site: 'plant-7',
  grantId: 'g',
  expiresAtMs: 1_000,
  may: ['console'],
  revoked: false,
};
const here = { tenantId: 't', site: 'plant-7', revoked: new Set<string>(), floorMs: 0 };

test('it holds to the moment it ends, at its site, while nobody took it back', () => {
  expect(judgeGrant(claim, here, 999)).toEqual({ kind: 'granted' });
});

test.each([
  ['another tenant', { tenantId: 'u' }, {}, 0, 'foreign-grant'],
  ['another site', { site: 'plant-8' }, {}, 0, 'foreign-grant'],
  ['another right', { may: ['halt'] }, {}, 0, 'foreign-grant'],
  ['it says so itself', { revoked: true }, {}, 0, 'grant-revoked'],
  ['the revocation names it', {}, { revoked: new Set(['g']) }, 0, 'grant-revoked'],
  ['its end', {}, {}, 1_000, 'grant-expired'],
  [
    'a clock that was set back: something later was signed',
    {},
    { floorMs: 1_000 },
    0,
    'grant-expired',
  ],
])('refused: %s', (_, wrong, place, now, code) => {
  expect(judgeGrant({ ...claim, ...wrong }, { ...here, ...place }, now)).toMatchObject({ code });
});
