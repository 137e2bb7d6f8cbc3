import { describe, expect, it } from 'vitest';
import { commands } from '../commands/all.ts';
import { complete } from './complete.ts';
import { commonFlags, nounOf } from './described.ts';
import { commandHelp, nounHelp } from './help.ts';
import { progressLine } from './progress.ts';
import { markFault } from './query-fault.ts';
import { type Column, fitWidths, tableLines } from './table.ts';
import { fitTo, harmless, widthOf } from './text.ts';
import { ago, durationMs } from './words.ts';

const plain = (text: string): string => text;

describe('the table of commands', () => {
  it('names each once, with examples that are command lines of it', () => {
    const names = commands.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
    for (const { name, summary, examples, flags } of commands) {
      expect(summary, name).toMatch(/^[A-Z].*[^.]$/);
      expect(examples.length, name).toBeGreaterThan(0);
      for (const example of examples) {
        expect(example.startsWith(name), example).toBe(true);
        for (const [, flag = ''] of example.matchAll(/ --([a-z-]+)/g)) {
          expect({ ...flags, ...commonFlags }, example).toHaveProperty(flag);
        }
      }
      expect(Object.keys(flags).filter((flag) => flag in commonFlags)).toEqual([]);
      expect(
        Object.keys(flags),
        'a secret on a command line is in everybody’s list of processes',
      ).not.toContain('password');
    }
  });

  it('asks for --yes wherever something can’t be undone', () => {
    const final = commands.filter(({ name }) => / (delete|revoke|cancel)$/.test(name));
    expect(final.length).toBeGreaterThan(4);
    for (const { name, flags } of final) expect(flags, name).toHaveProperty('yes');
  });

  it('teaches by three examples of each noun', () => {
    const help = nounHelp('signalbeam', 'devices', commands);
    expect(help.match(/^ {2}signalbeam devices /gm)).toHaveLength(3);
    expect(help).toContain('devices approve');
    const [list] = commands.filter(({ name }) => name === 'devices list');
    if (list === undefined) throw new Error('there is no such command');
    expect(commandHelp('signalbeam', list)).toMatch(/--status STATUS.*pending.*online/);
  });
});

describe('completion', () => {
  const next = (...words: string[]) => complete(commands, words);
  it('knows nouns, verbs, flags and the values of those that have few', () => {
    expect(next('')).toEqual([...new Set(commands.map(({ name }) => nounOf(name)))]);
    expect(next('dev')).toEqual(['devices']);
    expect(next('rollouts', 're')).toEqual(['retry', 'resume']);
    expect(next('devices', 'list', '--st')).toEqual(['--status']);
    expect(next('devices', 'list', '--status', 'o')).toEqual(['online', 'offline']);
    expect(next('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(next('devices', 'list', '--query', '')).toEqual([]);
    expect(next('nothing', 'like', '')).toEqual([]);
  });
});

describe('a table', () => {
  const columns: Column<{ name: string; id: string; note: string }>[] = [
    { title: 'NAME', of: ({ name }) => name },
    { title: 'ID', of: ({ id }) => id, whole: true },
    { title: 'NOTE', of: ({ note }) => note },
  ];
  const row = { name: 'pump', id: '0123456789abcdef', note: 'a long note about this pump' };

  it('fits the terminal: the widest gives way, an id never', () => {
    const lines = tableLines(columns, [row], { width: 40, paint: plain, titles: true });
    expect(lines).toEqual([
      'NAME  ID                NOTE',
      'pump  0123456789abcdef  a long note abo…',
    ]);
    expect(fitWidths([30, 20, 10], [true, true, true], 40)).toEqual([13, 13, 10]);
    expect(fitWidths([30, 20], [false, false], 10)).toEqual([30, 20]);
  });

  it('cuts nothing where no terminal is', () => {
    const [, line] = tableLines(columns, [row], { width: null, paint: plain, titles: true });
    expect(line).toContain(row.note);
  });

  it('counts columns as a terminal does, and lets no name move the cursor', () => {
    expect([widthOf('plant'), widthOf('工場'), widthOf('é'), widthOf('👷')]).toEqual([5, 4, 1, 2]);
    expect(fitTo('工場の機械', 6)).toBe('工場…');
    expect(harmless('a\u001b[2Jb\rc\u202ed')).toBe('a\ufffd[2Jb\ufffdc\ufffdd');
  });
});

describe('what people read', () => {
  it('marks the fault of a query below its text', () => {
    const query = 'environment=production AND ring= OR a=b';
    expect(markFault(query, { message: 'a value is missing', start: 32, end: 33 })).toEqual([
      query,
      `${' '.repeat(32)}^ a value is missing`,
    ]);
    const long = `${'a=b AND '.repeat(30)}c==d`;
    const [text = '', marks = ''] = markFault(long, { message: 'x', start: 242, end: 243 });
    expect(text[marks.indexOf('^')]).toBe(long[242]);
  });

  it('says times, and takes them', () => {
    expect(ago(null, 0)).toBe('never');
    expect(ago(1_000, 200_000)).toBe('3 min ago');
    expect(ago(90_000_000, 0)).toBe('in 1 d');
    expect([durationMs('90s'), durationMs('2h'), durationMs('2'), durationMs('-1s')]).toEqual([
      ...[90_000, 7_200_000, null, null],
    ]);
  });

  it('says how a rollout stands, and what it waits for', () => {
    const progress = {
      total: 4,
      succeeded: 2,
      failed: 1,
      cancelled: 0,
      unreached: 1,
      inProgress: 0,
      pending: 0,
    };
    const rollout = {
      bundleName: 'hello',
      version: '1.2.0',
      progress,
      waiting: 'gateway-2 is unreached',
    };
    expect(progressLine(rollout, true)).toBe(
      'hello 1.2.0 [##########!!!!!.....] 2 of 4 devices done, 1 failed, 1 unreached; gateway-2 is unreached',
    );
  });
});
