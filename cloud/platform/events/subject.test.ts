/** One filter for several: nothing that one of them asks for is missed, and little else comes. */
import { expect, it } from 'vitest';
import { filterOfAll, matchesSubject } from './subject.ts';

it.each([
  [['signalbeam.devices.status.*'], 'signalbeam.devices.status.*'],
  [['signalbeam.devices.deleted', 'signalbeam.devices.moved'], 'signalbeam.devices.*'],
  [['signalbeam.devices.*', 'signalbeam.tenants.site-windows'], 'signalbeam.*.*'],
  [['signalbeam.devices.>', 'signalbeam.users.>'], 'signalbeam.*.>'],
  [['signalbeam.devices.>', 'signalbeam.devices.status.*'], 'signalbeam.devices.>'],
  [['signalbeam.devices.status.*', 'signalbeam.devices.moved'], 'signalbeam.devices.>'],
  [['signalbeam.devices.>'], 'signalbeam.devices.>'],
  [['a.b', 'a.b.c', 'a.>'], 'a.>'],
  [['a', 'b.c'], '>'],
])('%j are all let through by %s', (filters, expected) => {
  expect(filterOfAll(filters)).toBe(expected);
});

it('lets through whatever one of them does, whichever they are', () => {
  const tokens = ['a', 'b', '*', '>'];
  const filters = tokens.flatMap((one) =>
    one === '>'
      ? [one]
      : [one, ...tokens.map((two) => `${one}.${two}`), ...tokens.map((two) => `${one}.a.${two}`)],
  );
  const words = ['a', 'b', 'c'];
  const subjects = words.flatMap((one) => [
    one,
    ...words.flatMap((two) => [`${one}.${two}`, ...words.map((three) => `${one}.${two}.${three}`)]),
  ]);
  for (const one of filters) {
    for (const two of filters) {
      const all = filterOfAll([one, two]);
      const missed = subjects.filter(
        (subject) =>
          (matchesSubject(subject, one) || matchesSubject(subject, two)) &&
          !matchesSubject(subject, all),
      );
      expect(missed, `${one} and ${two} by ${all}`).toEqual([]);
    }
  }
});
