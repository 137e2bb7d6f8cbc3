/** Whatever is sent is answered as the document says, and never by a failure of ours. */
import fc from 'fast-check';
import { expect } from 'vitest';
import {
  type Answer,
  arbitraryOf,
  brokenOf,
  hostileText,
  type Judge,
  type Operation,
} from './document.suite.ts';

export const expectAnyBodyAnswered = async (
  operation: Operation,
  ask: (body: string) => Promise<Answer>,
  judge: Judge,
): Promise<void> => {
  const schema = operation.body ?? {};
  const bodies = fc.oneof(arbitraryOf(schema, judge), brokenOf(schema, judge));
  // Passwords are slow to check, on purpose.
  const numRuns = /auth|users/.test(operation.key) ? 12 : 40;
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const { status } = await ask(JSON.stringify(body === undefined ? null : body));
      expect(status).toBeLessThan(500);
    }),
    { numRuns },
  );
};

const odd = hostileText.map((text) => encodeURIComponent(text.toWellFormed().slice(0, 2_000)));

export const expectAnyAddressAnswered = async (
  operation: Operation,
  plain: string,
  ask: (path: string) => Promise<Answer>,
  judge: Judge,
): Promise<void> => {
  const parameters = operation.description.parameters ?? [];
  const inPath = operation.path.includes('{');
  await fc.assert(
    fc.asyncProperty(odd, odd, fc.nat(), async (one, two, which) => {
      const name = parameters.filter((each) => each.in === 'query')[which % 5]?.name;
      const path = inPath
        ? operation.path.replaceAll(/\{\w+\}/g, one === '' || /^\.+$/.test(one) ? 'x' : one)
        : plain;
      const answer = await ask(path + (name === undefined ? '' : `?${name}=${two}`));
      expect(answer.status, path).toBeLessThan(500);
      if (answer.status !== 404) expect(judge.faultOf(operation, answer)).toBe(null);
    }),
    { numRuns: 12 },
  );
};
