/** Whatever makes a run of vitest red is named with its words, wherever it was thrown. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { repositoryDir } from '../places.ts';
import { binary, runTool } from './run.ts';
import { readTestReport, testReportVariable } from './test-report.ts';

// Beside vitest's packages, which the tests in it import.
mkdirSync(join(repositoryDir, '.signalbeam'), { recursive: true });
const dir = mkdtempSync(join(repositoryDir, '.signalbeam', 'report-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const start = `import { afterAll, beforeAll, describe, test } from 'vitest';\n`;
const files = {
  'one.test.ts': `${start}test('red', () => { throw new Error('words of a test'); });
    describe('a suite', () => {
      test('green', () => undefined);
      describe('an inner suite', () => {
        afterAll(() => { throw new Error('words of a hook'); });
        test('green too', () => undefined);
      });
    });`,
  'two.test.ts': `throw new Error('words of a file');`,
  'three.test.ts': `${start}test('green', async () => {
      void Promise.reject(new Error('words of no test'));
      await new Promise((resolve) => setTimeout(resolve, 20));
    });`,
  'vitest.config.ts': `import { testReporter, testReportVariable } from '${join(import.meta.dirname, 'test-report.ts')}';
    export default { test: { reporters: [testReporter(process.env[testReportVariable], '${dir}')] } };`,
};

test('a run is told with the words of tests, hooks, files and of what no test caught', async () => {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content);
  const file = join(dir, 'report.json');
  const env = { [testReportVariable]: file };
  const { code } = await runTool(
    binary('vitest'),
    ['run', '--root', dir],
    env,
    join(dir, 'output.log'),
  );
  const { passed, failures, slowest } = readTestReport(file);
  expect(code).toBe(1);
  expect(passed).toBe(3);
  expect(slowest.map(({ name }) => name).sort()).toEqual([
    'one.test.ts',
    'three.test.ts',
    'two.test.ts',
  ]);
  const beginnings = failures.map((text) =>
    text
      .split('\n')
      .slice(0, 2)
      .map((line) => line.trim()),
  );
  expect(beginnings.sort()).toEqual([
    ['one.test.ts > a suite > an inner suite (a hook of it)', 'Error: words of a hook'],
    ['one.test.ts > red', 'Error: words of a test'],
    ['outside of every test', 'Error: words of no test'],
    ['two.test.ts (the file itself)', 'Error: words of a file'],
  ]);
});

test('a run that ended before its report tells nothing of tests', () => {
  expect(readTestReport(join(dir, 'none.json'))).toEqual({ passed: 0, failures: [], slowest: [] });
});
