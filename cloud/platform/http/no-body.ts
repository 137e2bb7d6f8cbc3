/**
 * For operations that take no body: one that says something is refused rather than ignored, naming
 * its fields. Nothing and an empty object are let through: some clients always send one.
 */
import type { MiddlewareHandler } from 'hono';
import { type FieldError, refusal } from './problem.ts';

const whole: FieldError[] = [{ path: '', message: 'must be empty' }];

const faultsOf = (text: string): FieldError[] => {
  if (text.trim() === '') return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return whole;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return whole;
  return Object.keys(value).map((path) => ({ path, message: 'is not a known field' }));
};

export const refuseBody: MiddlewareHandler = async (c, next) => {
  const errors = c.req.raw.body === null ? [] : faultsOf(await c.req.text());
  if (errors.length > 0) {
    throw refusal('invalid-request', 'This operation takes no body; nothing was changed.', {
      errors,
    });
  }
  await next();
};
