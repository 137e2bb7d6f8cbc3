/**
 * docs/errors.md and the source name the same codes: what is thrown or refused is documented, and
 * what is documented is still thrown. Statuses of the API are those of its one map.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { statusByCode } from '@signalbeam/platform/http/problem';
import { describe, expect, it } from 'vitest';

const root = import.meta.dirname;
const read = (file: string): string => readFileSync(`${root}/${file}`, 'utf8');
const list = ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'];
const files = execFileSync('git', list, { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => /^(cloud|edge|launcher|sync)\//.test(file) && !file.startsWith('launcher/rig/'))
  .filter((file) => !/\.(test|suite|fixture|bench)\.ts$/.test(file));

/** What stands between here and the comma or bracket that ends the argument. */
const argumentAt = (text: string, start: number): string => {
  let depth = 0;
  let quote = '';
  for (let index = start; index < text.length; index += 1) {
    const char = text[index] ?? '';
    if (quote !== '') quote = char === quote ? '' : quote;
    else if ('\'"`'.includes(char)) quote = char;
    else if ('([{'.includes(char)) depth += 1;
    else if (')]}'.includes(char) || (char === ',' && depth === 0)) {
      if (depth === 0) return text.slice(start, index);
      depth -= 1;
    }
  }
  return '';
};

const literals = (text: string): string[] =>
  [...text.matchAll(/'([a-z][a-z0-9]*(?:-[a-z0-9]+)*)'/g)].map(([, code = '']) => code);

const makers = /\b(?:FleetError|refusal|refused|refuse|failure|problemBody)\(/g;
const codesIn = (file: string): string[] => {
  const text = read(file).replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const thrown = [...text.matchAll(makers)].flatMap((match) =>
    literals(argumentAt(text, match.index + match[0].length)),
  );
  const named = [...text.matchAll(/\bcode\??:\s*((?:\|?\s*'[a-z0-9-]+'\s*)+)/g)];
  const local = [...text.matchAll(/\bproblem\(\s*\w+,\s*\d{3},\s*('[a-z-]+')/g)];
  // A table of codes by cause: `revoked: ['registration-token-revoked', …`.
  const tabled = [...text.matchAll(/: \[('[a-z]+(?:-[a-z]+)+'),/g)].filter(
    ([, code = '']) => code.slice(1, -1) in statusByCode,
  );
  return [
    ...thrown,
    ...[...named, ...local, ...tabled].flatMap(([, codes = '']) => literals(codes)),
  ];
};

/** zod's own word for a rule of ours; it never leaves the schema. */
const notOurs = ['custom'];
const inSource = new Map<string, string>();
for (const file of files) {
  for (const code of codesIn(file)) if (!notOurs.includes(code)) inSource.set(code, file);
}

const rows = read('docs/errors.md')
  .split('\n')
  .filter((line) => /^\| `[a-z-]+` +\|/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map((cells) => cells.slice(1, -1))
  .filter(([first = '']) => !first.startsWith('`signalbeam'));
const codeOf = ([first = '']: string[]): string => first.replaceAll('`', '');

describe('docs/errors.md', () => {
  it('names every code of the source', () => {
    expect(inSource.size).toBeGreaterThan(100);
    const missing = [...inSource].filter(([code]) => !rows.some((row) => codeOf(row) === code));
    expect(missing, 'describe them in docs/errors.md').toEqual([]);
  });

  it('names no code that is gone, and each once', () => {
    const codes = rows.map(codeOf);
    expect(codes.filter((code) => !inSource.has(code))).toEqual([]);
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });

  it('says of each what happened and what to do', () => {
    for (const row of rows) for (const cell of row) expect(cell, row[0]).not.toBe('');
  });

  it('gives the API’s codes their statuses, and the API has no code that nothing throws', () => {
    const shown = rows.filter((row) => codeOf(row) in statusByCode && /^\d{3}$/.test(row[1] ?? ''));
    expect(Object.fromEntries(shown.map((row) => [codeOf(row), Number(row[1])]))).toEqual(
      Object.fromEntries(
        shown.map((row) => [codeOf(row), statusByCode[codeOf(row) as 'internal']]),
      ),
    );
    expect(Object.keys(statusByCode).filter((code) => !inSource.has(code))).toEqual([]);
  });

  it('points to tests that exist', () => {
    const named = [...read('docs/errors.md').matchAll(/`([\w./-]+\.test\.ts)`/g)];
    expect(named.length).toBeGreaterThan(8);
    for (const [, file = ''] of named) expect(() => read(file), file).not.toThrow();
  });
});
