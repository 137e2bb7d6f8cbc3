/** An engine's answers are input from outside: what an adapter reads of them is checked here. */
import type { ZodType } from 'zod';
import { invalidReply } from './failures.ts';

export const parseReply = <T>(schema: ZodType<T>, reply: unknown, what: string): T => {
  const parsed = schema.safeParse(reply);
  if (!parsed.success) throw invalidReply(what, parsed.error);
  return parsed.data;
};
