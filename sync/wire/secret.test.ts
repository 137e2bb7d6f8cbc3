/** Who can open a sealed secret, and as what: nobody but the device it is for, as nothing else. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSealingPair } from './keys.ts';
import { openSecret, sealSecret } from './secret.ts';

const tenantId = '11111111-1111-4111-8111-111111111111';
const deviceId = '22222222-2222-4222-8222-222222222222';
const sealing = createSealingPair();
const holder = { tenantId, deviceId, sealing };
const about = { name: 'db', revision: `${tenantId}.1` };
const sealed = (value: string) => {
  const secret = sealSecret(Buffer.from(value), about, {
    ...holder,
    sealingKey: sealing.publicKey,
  });
  if (secret === null) throw new Error('not sealed');
  return secret;
};

describe('a secret that is sealed to a device', () => {
  it('opens there, whatever it is, and never looks the same twice', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (value) => {
        const opened = openSecret(sealed(value), holder);
        expect(opened && Buffer.from(opened).toString('utf8')).toBe(
          Buffer.from(value).toString('utf8'),
        );
      }),
      { numRuns: 25 },
    );
    expect(sealed('same').box).not.toBe(sealed('same').box);
    expect(JSON.stringify(sealed('hunter2'))).not.toContain(
      Buffer.from('hunter2').toString('base64').slice(0, 8),
    );
  });

  it('opens for nobody else and as nothing else', () => {
    const secret = sealed('hunter2');
    const other = createSealingPair();
    const changedBox = Buffer.from(secret.box, 'base64');
    changedBox[0] = (changedBox[0] ?? 0) ^ 1;
    const wrong = [
      openSecret(secret, { ...holder, sealing: other }),
      openSecret(secret, { ...holder, deviceId: tenantId }),
      openSecret(secret, { ...holder, tenantId: deviceId }),
      openSecret({ ...secret, name: 'other' }, holder),
      openSecret({ ...secret, revision: `${tenantId}.2` }, holder),
      openSecret({ ...secret, ephemeralKey: other.publicKey }, holder),
      openSecret({ ...secret, box: changedBox.toString('base64') }, holder),
      openSecret({ ...secret, box: 'AAAA' }, holder),
    ];
    expect(wrong).toEqual(wrong.map(() => null));
  });

  it('is not sealed to what is no key', () => {
    const sealingKey = Buffer.alloc(32).toString('base64');
    expect(sealSecret(Buffer.from('x'), about, { ...holder, sealingKey })).toBeNull();
  });
});
