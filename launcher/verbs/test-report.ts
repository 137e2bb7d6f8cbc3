/**
 * What a run of vitest came to, in a file for `signalbeam test`: how many passed, which failed and
 * with which words, and which files took longest. Vitest's own JSON leaves out what a hook of an inner
 * suite threw and what was thrown outside of every test: then a run is red and no one can say why.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Reporter, TestModule } from 'vitest/node';
import { z } from 'zod';

const reportSchema = z.object({
  passed: z.number(),
  failures: z.array(z.string()),
  slowest: z.array(z.object({ name: z.string(), tookMs: z.number() })),
});

export type TestReport = z.infer<typeof reportSchema>;

const slowestShown = 12;
const linesShown = 12;
const columnsShown = 1_500;

/** Names the file of the report to `vitest.config.ts`. */
export const testReportVariable = 'SIGNALBEAM_TEST_REPORT';

export const testReporter = (file: string, repositoryDir: string): Reporter => ({
  onTestRunEnd: (modules, unhandled) => {
    const named = modules.map((module) => ({
      module,
      name: relative(repositoryDir, module.moduleId),
    }));
    const report: TestReport = {
      passed: modules.reduce(
        (sum, { children }) => sum + [...children.allTests('passed')].length,
        0,
      ),
      failures: [
        ...named.flatMap(({ module, name }) => failuresOf(module, name)),
        ...unhandled.map((error) => `outside of every test${indented(textOf(error))}`),
      ],
      slowest: named
        .map(({ module, name }) => ({ name, tookMs: module.diagnostic().duration }))
        .sort((one, other) => other.tookMs - one.tookMs)
        .slice(0, slowestShown),
    };
    writeFileSync(file, JSON.stringify(report));
  },
});

/** Nothing, when vitest ended before it could write one. */
export const readTestReport = (file: string): TestReport => {
  try {
    return reportSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return { passed: 0, failures: [], slowest: [] };
  }
};

/** A file or suite that failed by itself counts as one, beside the tests in it. */
const failuresOf = (module: TestModule, name: string): string[] => {
  const failures = [
    ...(module.errors().length > 0
      ? [{ title: '(the file itself)', errors: module.errors() }]
      : []),
    ...[...module.children.allSuites()]
      .filter((suite) => suite.errors().length > 0)
      .map((suite) => ({ title: `> ${suite.fullName} (a hook of it)`, errors: suite.errors() })),
    ...[...module.children.allTests('failed')].map((test) => ({
      title: `> ${test.fullName}`,
      errors: test.result().errors ?? [],
    })),
  ];
  if (failures.length === 0 && module.state() === 'failed')
    failures.push({ title: '(the file itself)', errors: [] });
  return failures.map(
    ({ title, errors }) => `${name} ${title}${indented(errors.map(textOf).join('\n'))}`,
  );
};

const textOf = (error: { message?: string | undefined; stack?: string | undefined }): string =>
  error.stack ?? error.message ?? String(error);

/** The beginning of what a test failed with: the end of a run is often all that is kept of it. */
const indented = (message: string): string =>
  stripVTControlCharacters(message)
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.includes('/node_modules/'))
    .slice(0, linesShown)
    .map((line) => `\n          ${line.slice(0, columnsShown)}`)
    .join('');
