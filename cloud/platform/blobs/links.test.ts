/** A link opens what it was made for until it ends, and nothing else, whatever of it is changed. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLinkSigner } from './links.ts';

const signer = createLinkSigner(Buffer.alloc(32, 1));
const other = createLinkSigner(Buffer.alloc(32, 2));
const digest = `sha256:${'a'.repeat(64)}`;
const expiresAtMs = 1_790_000_000_000;

it('opens one thing until its end', () => {
  const subject = ['blob', digest];
  const proof = signer.sign(subject, expiresAtMs);
  expect(signer.judge(subject, proof, expiresAtMs - 1)).toBe('good');
  expect(signer.judge(subject, proof, expiresAtMs)).toBe('expired');
  expect(other.judge(subject, proof, 0)).toBe('forged');
});

it('is forged once anything of it is another', () => {
  const words = fc.array(fc.string({ maxLength: 6 }), { maxLength: 4 });
  fc.assert(
    fc.property(words, words, fc.string(), fc.nat(), (subject, different, noise, seconds) => {
      const proof = signer.sign(subject, expiresAtMs);
      const judge = (given: readonly string[], change: object = {}) =>
        signer.judge(given, { ...proof, ...change }, 0);
      expect(judge(subject)).toBe('good');
      if (JSON.stringify(subject) !== JSON.stringify(different)) {
        expect(judge(different)).toBe('forged');
      }
      if (noise !== proof.signature) expect(judge(subject, { signature: noise })).toBe('forged');
      if (String(seconds) !== proof.expires) {
        expect(judge(subject, { expires: String(seconds) })).toBe('forged');
      }
      // The end can't be moved into the subject, nor words into one another.
      expect(judge([...subject, proof.expires], { expires: '' })).toBe('forged');
    }),
  );
});
