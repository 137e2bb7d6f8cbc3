/**
 * What is wrong with a field, in words of whoever filled it in: zod's own sentences speak of types and
 * patterns. What a schema says itself stays as it is. Pure.
 */
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

const countWords = (origin: string, count: number | bigint): string => {
  const many = Number(count) === 1 ? '' : 's';
  if (origin === 'string') return `${count} character${many}`;
  return origin === 'array' || origin === 'set' ? `${count} item${many}` : String(count);
};

const tooSmall = (origin: string, minimum: number | bigint): string =>
  (origin === 'string' || origin === 'array') && Number(minimum) === 1
    ? 'is empty, and may not be'
    : `is less than ${countWords(origin, minimum)}`;

/** Null: nothing better to say than zod does. */
const wordsOf = (issue: Issue): string | null => {
  switch (issue.code) {
    case 'too_small':
      return tooSmall(issue.origin, issue.minimum);
    case 'too_big':
      return `is more than ${countWords(issue.origin, issue.maximum)}`;
    case 'invalid_type':
      return issue.input === undefined && /received undefined$/.test(issue.message)
        ? 'is missing'
        : `is not ${kinds[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `is none of ${issue.values.map(String).join(', ')}`;
    default:
      return null;
  }
};

/** How zod's own sentences begin. */
const ofZod = /^(Too small|Too big|Invalid input|Invalid option): /;

export const fieldWords = (issue: Issue): string =>
  ofZod.test(issue.message) ? (wordsOf(issue) ?? issue.message) : issue.message;
