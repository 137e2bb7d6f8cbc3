import { expect, it } from 'vitest';
import { z } from 'zod';
import { fieldWords } from './field-words.ts';

const said = (schema: z.ZodType, value: unknown): string[] =>
  (schema.safeParse(value).error?.issues ?? []).map(fieldWords);

it.each<[z.ZodType, unknown, string]>([
  [z.string().min(1), '', 'is empty, and may not be'],
  [z.string().min(8), 'short', 'is less than 8 characters'],
  [z.string().max(3), 'longer', 'is more than 3 characters'],
  [z.array(z.string()).min(1), [], 'is empty, and may not be'],
  [z.array(z.string()).max(1), ['a', 'b'], 'is more than 1 item'],
  [z.number().min(1), 0, 'is less than 1'],
  [z.number().max(100), 101, 'is more than 100'],
  [z.string(), 7, 'is not a text'],
  [z.string(), undefined, 'is missing'],
  [z.int(), 1.5, 'is not a whole number'],
  [z.enum(['pause', 'roll-back']), 'stop', 'is none of pause, roll-back'],
])('says in words what is wrong: %#', (schema, value, words) => {
  expect(said(schema, value)).toEqual([words]);
});

it('leaves what a schema says itself', () => {
  expect(said(z.string().regex(/^a/, 'begins with an a'), 'b')).toEqual(['begins with an a']);
});
