/**
 * A tenant's secret, sealed to the one device that shall use it. Tenant, device, name and revision are
 * bound into the box, so a copy of it opens for no other device and as no other secret. Who may ask
 * for which secret is the cloud's to decide.
 */
import type { SealedSecret } from '../core/manifest.ts';
import { ephemeralPair, openBox, type SealingPair, sealBox } from './box.ts';

export type SecretHolder = { tenantId: string; deviceId: string };

const purposeOf = (
  { tenantId, deviceId }: SecretHolder,
  sealingKey: string,
  { name, revision, ephemeralKey }: Omit<SealedSecret, 'box'>,
): Buffer =>
  Buffer.from(
    ['signalbeam secret', tenantId, deviceId, sealingKey, name, revision, ephemeralKey].join('|'),
  );

/** Null when the device's sealing key is no key. */
export const sealSecret = (
  value: Uint8Array,
  about: Pick<SealedSecret, 'name' | 'revision'>,
  holder: SecretHolder & { sealingKey: string },
): SealedSecret | null => {
  const { privateKey, ephemeralKey } = ephemeralPair();
  const { name, revision } = about;
  const purpose = purposeOf(holder, holder.sealingKey, { name, revision, ephemeralKey });
  const box = sealBox(value, purpose, privateKey, holder.sealingKey);
  return box === null ? null : { name, revision, ephemeralKey, box: box.toString('base64') };
};

/** The value, or null when it was not sealed to this holder as this secret. */
export const openSecret = (
  secret: SealedSecret,
  holder: SecretHolder & { sealing: SealingPair },
): Uint8Array | null => {
  const { box, ...about } = secret;
  const purpose = purposeOf(holder, holder.sealing.publicKey, about);
  return openBox(Buffer.from(box, 'base64'), purpose, holder.sealing, secret.ephemeralKey);
};
