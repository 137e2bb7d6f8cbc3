/**
 * docs/mistakes.md and the tests name each other: what went wrong in an earlier implementation of this
 * design can't come back without a test that says so. The mistakes which only the source as a whole
 * can make are tested here.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { apiDocument } from '@signalbeam/cloud/api-document';
import { describe, expect, it } from 'vitest';

const root = import.meta.dirname;
const read = (file: string): string => readFileSync(`${root}/${file}`, 'utf8');
const list = ['ls-files', '--cached', '--others', '--exclude-standard'];
const files = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).split('\n');
const isTest = (file: string): boolean => /\.(test|suite|fixture|bench)\.ts$/.test(file);
const sources = (folder: RegExp): string[] =>
  files.filter((file) => folder.test(file) && file.endsWith('.ts') && !isTest(file));

const pointsMax = 32;
const rows = read('docs/mistakes.md')
  .split('\n')
  .filter((line) => /^\| (\d+|–) /.test(line))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()));

/** The line in which a test begins, with the one above it and the file's head. */
const beginnings = (file: string, title: string): string[] => {
  const lines = read(file).split('\n');
  const at = lines.flatMap((line, index) =>
    /^\s*(it|test)(\.each\(.*\))?\(/.test(line) && line.includes(title) ? [index] : [],
  );
  return at.map((index) => [lines[0], lines[index - 1], lines[index]].join('\n'));
};

const bears = (beginning: string, point: string): boolean =>
  point === '–' ||
  new RegExp(`Inventory §7\\.${point}\\b|points? (\\d+ and )?${point}\\b`).test(beginning);

describe('docs/mistakes.md', () => {
  it('names a test of every point, which names the point', () => {
    const named = new Set(rows.map(([point]) => point));
    const numbers = Array.from({ length: pointsMax }, (_, index) => String(index + 1));
    expect(numbers.filter((number) => !named.has(number))).toEqual([]);
    for (const [point = '', , file = '', title = ''] of rows) {
      const path = file.replaceAll('`', '');
      const found = beginnings(path, title);
      expect(found, `${path}: ${title}`).toHaveLength(1);
      expect(bears(found[0] ?? '', point), `point ${point} at ${path}: ${title}`).toBe(true);
    }
  });

  it('leaves out no test that names a point', () => {
    const tags = files
      .filter((file) => /\.(test|suite)\.ts$/.test(file) && file !== 'mistakes.test.ts')
      .flatMap((file) =>
        [...read(file).matchAll(/(?:\/\/ |\()Inventory §7\.(\d+)/g)].map(
          ([, point]) => `${point} ${file}`,
        ),
      );
    const known = new Set(
      rows.map(([point, , file = '']) => `${point} ${file.replaceAll('`', '')}`),
    );
    expect(tags.filter((tag) => !known.has(tag))).toEqual([]);
  });
});

describe('the source', () => {
  // Inventory §7.2
  it('no credential is committed', () => {
    const shapes = [
      /\b(password|secret|api_?key|master_?key)['"]?\s*[:=]\s*['"`][^'"`\s${}]{8,}['"`]/i,
      /-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/=]{16,}/,
      /\bSU[A-Z2-7]{56}\b/,
      /postgres(ql)?:\/\/\w+:\w{3,}@(?!127\.0\.0\.1|localhost)/,
    ];
    const kept = files.filter(
      (file) => /\.(ts|json|yml|yaml|env|sh|conf|css|html)$/.test(file) && !isTest(file),
    );
    const found = kept
      .filter((file) => file !== 'package-lock.json')
      .flatMap((file) =>
        shapes
          .flatMap((shape) => shape.exec(read(file))?.[0] ?? [])
          .map((text) => `${file}: ${text}`),
      );
    expect(found).toEqual([]);
  });

  // Inventory §7.7
  it('the consoles keep nothing but the theme in a browser’s storage', () => {
    const using = sources(/^console\//).filter((file) =>
      /\b(localStorage|sessionStorage|indexedDB|document\.cookie)\b/.test(read(file)),
    );
    expect(using).toEqual(['console/ui/theme.ts']);
    expect(
      sources(/^console\//).filter((file) => /\bconsole\.(log|debug)\(/.test(read(file))),
    ).toEqual([]);
  });

  // Inventory §7.31
  it('the consoles call what the API has', () => {
    const has = Object.entries(apiDocument().paths).flatMap(([path, operations]) =>
      Object.keys(operations).map(
        (method) => `${method.toUpperCase()} ${path.replace(/\{[^}]+\}/g, '*')}`,
      ),
    );
    const call = /\bask(?:<[^(]*>)?\(\s*'(GET|POST|PUT|PATCH|DELETE)',\s*[`'](\/api\/[^`'?]*)/g;
    const calls = sources(/^console\/(data|operator|views)\//).flatMap((file) =>
      [...read(file).matchAll(call)].map(([, method, path = '']) => ({
        file,
        operation: `${method} ${path.replace(/\/\$\{[^}]*\}/g, '/*').replace(/\$\{.*$/, '')}`,
      })),
    );
    expect(calls.length).toBeGreaterThan(80);
    const fits = (operation: string): boolean =>
      has.some((known) => new RegExp(`^${operation.replaceAll('*', '[^/]+')}$`).test(known));
    expect(calls.filter(({ operation }) => !fits(operation))).toEqual([]);
  });
});
