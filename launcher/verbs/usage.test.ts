/**
 * Wrong command lines are refused with the nearest right one.
 */
import { nearest } from '@signalbeam/cli/core/nearest';
import { expect, test } from 'vitest';
import { helpText, parseFlags, unknownVerb, verbLines, verbUsage } from './usage.ts';

test('every verb has a line and a usage', () => {
  expect(Object.keys(verbUsage).sort()).toEqual(Object.keys(verbLines).sort());
  expect(helpText('  devices  list')).toMatch(/\.\/signalbeam <verb>[\s\S]*devices {2}list/);
});

test('a slip of the finger finds the verb that was meant', () => {
  expect(nearest('tets', ['test', 'up'])).toBe('test');
  expect(nearest('statsu', Object.keys(verbLines))).toBe('status');
  expect(nearest('xylophone', Object.keys(verbLines))).toBeUndefined();
  expect(unknownVerb('dwon').message).toContain('Did you mean down?');
  expect(unknownVerb('devcies', ['devices']).message).toContain('Did you mean devices?');
});

test('unknown flags and words are refused with a suggestion', () => {
  const options = { wipe: { type: 'boolean' }, yes: { type: 'boolean' } } as const;
  expect(parseFlags('down', ['--wipe'], options).values.wipe).toBe(true);
  expect(() => parseFlags('down', ['--whipe'], options)).toThrow('Did you mean --wipe?');
  expect(() => parseFlags('test', ['sistem'], {}, ['unit', 'system'])).toThrow(
    'Did you mean system?',
  );
  expect(() => parseFlags('down', ['now'], options)).toThrow('`now` is one word too many');
  expect(() => parseFlags('down', ['-x'], options)).toThrow('wrong flag -x.');
  expect(parseFlags('bench', ['ingest'], {}, 'any').positionals).toEqual(['ingest']);
});
