/** Domain events as docs/events.md shows them, for tests of those who hear them. */
import { changes, type EventType, families } from './catalogue.ts';

const definitions = Object.assign({}, ...families.map(({ events }) => events), changes) as Record<
  EventType,
  (typeof changes)[string]
>;

/** `id` is what its subject ends in, where that is one. */
export const exampleOf = <Type extends EventType>(type: Type, id = 'x') => {
  const { subject, version, example } = definitions[type];
  return { type, version, subject: subject.replace('*', id), data: example };
};
