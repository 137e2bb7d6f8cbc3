/**
 * docs/parity.md is true of what is served: each operation that it names is in the OpenAPI document,
 * each test that it names is there, and whatever has no test says why.
 */
import { existsSync, readFileSync } from 'node:fs';
import { apiDocument } from '@signalbeam/cloud/api-document';
import { expect, it } from 'vitest';

const root = import.meta.dirname;
const page = readFileSync(`${root}/docs/parity.md`, 'utf8');
const { paths } = apiDocument();
const served = Object.entries(paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
);

const chapters = page.split('\n## ').slice(1);
const rowsOf = (chapter: string): string[][] =>
  chapter
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (there|-+) /.test(line))
    .map((line) =>
      line
        .slice(2, -2)
        .split(' | ')
        .map((cell) => cell.trim()),
    );
const quoted = (text: string): string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);

it('names operations that are served', () => {
  const named = quoted(page).filter((word) => /^(GET|POST|PUT|PATCH|DELETE) \/api\//.test(word));
  expect(named.length).toBeGreaterThan(80);
  expect(named.filter((word) => !served.includes(word))).toEqual([]);
});

it('names a test for each point, or says why there is none', () => {
  const missing = chapters.at(-1) ?? '';
  expect(missing).toMatch(/^Not here/);
  expect(rowsOf(missing).every(([, why = '']) => why.length > 20)).toBe(true);
  const rows = chapters.slice(0, -1).flatMap(rowsOf);
  expect(rows.length).toBeGreaterThan(70);
  for (const [there = '', , by = ''] of rows) {
    const files = quoted(by);
    expect(files.length, there).toBeGreaterThan(0);
    for (const file of files) {
      expect(file, there).toMatch(/\.(test|suite)\.ts$/);
      expect(existsSync(`${root}/${file}`), `${there}: ${file}`).toBe(true);
    }
  }
});

it('leaves out no chapter of the list that it goes through', () => {
  const titles = chapters.map((chapter) => chapter.split('\n')[0]);
  expect(titles).toEqual([
    ...['Devices', 'Groups and tags', 'Certificates of devices', 'Bundles', 'Rollouts'],
    ...['Telemetry and alerts', 'People and tenants', 'Agent', 'Consoles', 'Platform', 'Not here'],
  ]);
});
