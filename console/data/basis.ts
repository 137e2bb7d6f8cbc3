/**
 * What a form was filled from: sent along as If-Match, so that nobody's change is overwritten unseen.
 * Whoever was told that somebody else changed it may save again, which then puts theirs in its place.
 */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { clockOf } from './format.ts';
import type { Instant } from './types.ts';

export type Basis = {
  /** As the API answered it; of a list, the one item. */
  read: object;
  /** What the audit log calls it: `site:north`. */
  target: string;
};

const tags = new WeakMap<object, string>();
const begun = new WeakMap<EventTarget, object>();
const told = new WeakSet<object>();

export const rememberTag = (answer: unknown, tag: string | null): void => {
  if (typeof answer === 'object' && answer !== null && tag !== null) tags.set(answer, tag);
};

/** Where what is shown is renewed while somebody writes: what it was at the first key counts. */
export const beganWith = (form: EventTarget | null, read: object): void => {
  if (form !== null && !begun.has(form)) begun.set(form, read);
};
export const readBefore = <T extends object>(form: EventTarget | null, read: T): T =>
  ((form === null ? undefined : begun.get(form)) as T | undefined) ?? read;

/** Undefined where nothing is known of a version: then the last word counts. */
export const ifMatchOf = ({ read }: Basis): string | undefined => {
  if (told.has(read)) return '*';
  const tag = tags.get(read);
  if (tag !== undefined) return tag;
  return 'version' in read && typeof read.version === 'string' ? `"${read.version}"` : undefined;
};

export type LastChange = { actor: string; at: Instant } | null;

/** What to say once a save was refused; saving again is allowed from here on. */
export const changedMeanwhile = (
  { read }: Basis,
  last: LastChange,
  now: number,
): { detail: string; next: string } => {
  told.add(read);
  const who = last === null ? 'Somebody' : nameOfActor(last.actor);
  const when = last === null ? 'in the meantime' : `at ${clockOf(last.at, now)}`;
  return {
    detail: `${who} changed this ${when}; nothing was saved, and what you wrote is kept here.`,
    next: 'Save again to put yours in its place, or close this to see theirs.',
  };
};
