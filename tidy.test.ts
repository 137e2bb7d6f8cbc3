/**
 * House rules that no linter holds: how deep folders go, who may depend on whom, what core may not
 * know, heads of files, links of documents. Each failure names the rule, the file and the line.
 * It reads the tree as git sees it, so a file counts from the moment it is written.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = import.meta.dirname;

const files = execFileSync(
  'git',
  ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
  {
    cwd: root,
    encoding: 'utf8',
  },
)
  .split('\0')
  .filter((file) => file !== '' && existsSync(join(root, file)));

const cache = new Map<string, string>();
const read = (file: string): string => {
  const known = cache.get(file) ?? readFileSync(join(root, file), 'utf8');
  cache.set(file, known);
  return known;
};

/** Spaces instead of comments and keeps lines, so that words in comments break no rule. */
const code = (file: string): string =>
  read(file)
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|[\s;{}(,])\/\/[^\n]*/g, '$1');

const isTest = (file: string) => /\.(test|suite|bench|fixture)\.ts$/.test(file);
const isConfig = (file: string) => /(^|\/)[a-z]+\.config\.ts$/.test(file);
const typescript = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
const documents = files.filter((file) => file.endsWith('.md'));

/** `file:line` of each match, for files where a pattern is not allowed. */
const findIn = (candidates: readonly string[], pattern: RegExp): string[] =>
  candidates.flatMap((file) =>
    code(file)
      .split('\n')
      .flatMap((line, index) =>
        pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
      ),
  );

type Manifest = { name?: string; dependencies?: Record<string, string> };
const workspaces = files
  .filter((file) => file.endsWith('package.json') && file !== 'package.json')
  .map((file) => ({ dir: dirname(file), manifest: JSON.parse(read(file)) as Manifest }))
  .sort((a, b) => b.dir.length - a.dir.length);
const workspaceOf = (file: string) => workspaces.find(({ dir }) => file.startsWith(`${dir}/`));

describe('folders and names', () => {
  test('a workspace is two levels deep', () => {
    const deep = files
      .filter((file) => /\.(ts|sql|css)$/.test(file))
      .filter((file) => {
        const inside = workspaceOf(file);
        return inside !== undefined && file.slice(inside.dir.length + 1).split('/').length > 2;
      });
    expect(deep, 'a third level means a missing noun').toEqual([]);
  });

  test('a migration has a number of its own', () => {
    const numbers = files
      .filter((file) => /\/migrations\/[^/]+\.sql$/.test(file))
      .map((file) => basename(file).split('_')[0] ?? '');
    expect(numbers.length).toBeGreaterThan(10);
    const twice = numbers.filter((number, index) => numbers.indexOf(number) !== index);
    expect(twice, 'two branches took the same number: give one of them the next').toEqual([]);
  });

  test('no drawers', () => {
    const drawer = /(^|\/)(utils?|helpers?|common|misc|manager|index|lib)(\.[a-z]+)*\.ts$/;
    expect(
      typescript.filter((file) => drawer.test(file)),
      'name the file by its noun',
    ).toEqual([]);
  });

  test('nothing big is committed', () => {
    const big = files
      .filter((file) => file !== 'package-lock.json')
      .filter((file) => statSync(join(root, file)).size > 200 * 1024);
    expect(big, 'larger than 200 KB').toEqual([]);
  });

  test('migrations have numbers of their own', () => {
    const numbers = files.flatMap((file) => file.match(/migrations\/(\d{4})_.*\.sql$/)?.[1] ?? []);
    expect(numbers).toEqual([...new Set(numbers)]);
  });

  test('the lock file names no registry', () => {
    expect(read('package-lock.json').includes('"resolved": "http')).toBe(false);
  });
});

describe('source', () => {
  test('every file says what it is for', () => {
    const headless = files.filter((file) => {
      if (file.endsWith('.sql')) return !/^--/.test(read(file));
      // A test's `describe` says what it is for.
      if (!/\.(ts|css)$/.test(file) || /\.test\.ts$/.test(file)) return false;
      return !/^(#!.*\n)?\s*\/\*\*?\s/.test(read(file));
    });
    expect(headless, 'no head comment').toEqual([]);
  });

  test('imports do not climb out of the workspace', () => {
    const climbing = findIn(typescript, /(from|import\(|import)\s*['"]\.\.\/\.\.\//);
    expect(climbing, 'import @signalbeam/<name>/… instead').toEqual([]);
  });

  test('core is pure', () => {
    const pure = typescript.filter(
      (file) => /(^|\/)core\/|^sync\/(mesh|outbox)\//.test(file) && !isTest(file),
    );
    const found = findIn(
      pure,
      /\bMath\.random\b|\bDate\.now\b|\bnew Date\(|\bperformance\.now\b|\bsetTimeout\(|\basync\b|\bawait\b|\bprocess\./,
    );
    expect(found, 'take it as an argument').toEqual([]);
  });

  test('only composition roots read the environment', () => {
    const others = typescript.filter(
      (file) =>
        !/(^|\/)(main|cli)\.ts$/.test(file) &&
        !/^(launcher|simulator)\//.test(file) &&
        !isTest(file) &&
        !isConfig(file),
    );
    expect(findIn(others, /\bprocess\.env\b/), 'take it as an argument').toEqual([]);
  });

  test('no test is left out or run alone', () => {
    const found = findIn(
      typescript.filter((file) => file !== 'tidy.test.ts'),
      /\b(test|it|describe|suite|bench)(\.\w+)*\.(only|skip|todo|skipIf|runIf)\b|\bxit\(/,
    );
    expect(found, 'a missing server fails a test, it never skips it').toEqual([]);
  });

  test('nothing is put off', () => {
    const mark = new RegExp(`\\b(${['TO', 'DO|FIX', 'ME|X', 'XX'].join('')})\\b`);
    const found = [...typescript, 'signalbeam'].flatMap((file) =>
      read(file)
        .split('\n')
        .flatMap((line, index) =>
          mark.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
        ),
    );
    expect(found, 'do it now or write it down elsewhere').toEqual([]);
  });
});

/** What a quoted string in a file refers to, if it is a file of this tree. */
const resolveSpecifier = (file: string, specifier: string): string | undefined => {
  const workspace = workspaces.find(({ manifest }) => specifier.startsWith(`${manifest.name}/`));
  if (workspace !== undefined) {
    const inside = specifier.slice((workspace.manifest.name ?? '').length + 1);
    return `${workspace.dir}/${inside}${inside.endsWith('.ts') ? '' : '.ts'}`;
  }
  if (!specifier.endsWith('.ts')) return undefined;
  if (specifier.startsWith('/')) return undefined;
  return normalize(join(dirname(file), specifier));
};

describe('who knows whom', () => {
  test('every file is used', () => {
    const used = new Set<string>();
    for (const file of files.filter((name) =>
      /\.(ts|html|json|md)$|^signalbeam$|^\.ci\//.test(name),
    )) {
      for (const [, specifier = ''] of read(file).matchAll(/['"`]([@\w./-]+)['"`]/g)) {
        const target = resolveSpecifier(file, specifier);
        if (target !== undefined && target !== file) used.add(target);
        // A command line or a path built from the root names its file in full.
        if (specifier.endsWith('.ts')) used.add(normalize(specifier));
      }
    }
    const unused = typescript.filter(
      (file) =>
        !used.has(file) &&
        !/\.(test|bench)\.ts$/.test(file) &&
        !isConfig(file) &&
        !/(^|\/)(main|cli)\.ts$/.test(file) &&
        !/^simulator\/bench\//.test(file),
    );
    expect(unused, 'nothing imports it').toEqual([]);
  });

  const arrows: Record<string, readonly string[]> = {
    sync: [],
    edge: ['sync'],
    console: ['sync'],
    client: [],
    cli: ['client', 'sync'],
    platform: ['sync'],
    'device-manager': ['platform', 'sync'],
    'bundle-orchestrator': ['platform', 'sync'],
    'telemetry-processor': ['platform', 'sync'],
    cloud: ['platform', 'sync', 'device-manager', 'bundle-orchestrator', 'telemetry-processor'],
    launcher: ['platform', 'sync', 'edge', 'cloud', 'cli'],
    simulator: ['sync', 'edge', 'platform', 'launcher', 'cloud'].concat([
      'device-manager',
      'bundle-orchestrator',
      'telemetry-processor',
      'console',
      'client',
      'cli',
    ]),
  };
  const nameOf = (full: string) => full.replace('@signalbeam/', '');

  test('packages depend only along the arrows', () => {
    const wrong = workspaces.flatMap(({ dir, manifest }) =>
      Object.keys(manifest.dependencies ?? {})
        .filter((dependency) => dependency.startsWith('@signalbeam/'))
        .filter((dependency) => !arrows[nameOf(manifest.name ?? '')]?.includes(nameOf(dependency)))
        .map((dependency) => `${dir}/package.json: ${dependency}`),
    );
    expect(wrong, 'edge → sync ← cloud, console → sync, nothing → simulator').toEqual([]);
  });

  test('imports follow the arrows too', () => {
    const wrong = typescript.flatMap((file) => {
      const workspace = workspaceOf(file);
      if (workspace === undefined || isTest(file)) return [];
      const own = nameOf(workspace.manifest.name ?? '');
      return [...code(file).matchAll(/['"]@signalbeam\/([a-z-]+)\//g)]
        .map(([, name = '']) => name)
        .filter((name) => name !== own && !arrows[own]?.includes(name))
        .map((name) => `${file}: @signalbeam/${name}`);
    });
    expect(wrong).toEqual([]);
  });

  test("an agent's install carries nothing of the cloud's", () => {
    const cloudOnly = ['pg', 'ioredis', '@azure/storage-blob', 'argon2', 'pino', 'prom-client'];
    for (const dir of ['edge', 'sync', 'console']) {
      const manifest = workspaces.find((workspace) => workspace.dir === dir)?.manifest;
      const carried = Object.keys(manifest?.dependencies ?? {});
      expect(
        carried.filter((name) => cloudOnly.includes(name)),
        `${dir}/package.json`,
      ).toEqual([]);
    }
  });
});

describe('documents', () => {
  const withoutFences = (text: string) => text.replace(/^ *(```|~~~)[\s\S]*?^ *\1/gm, '');

  test('one title each', () => {
    const wrong = documents.filter(
      (file) => [...withoutFences(read(file)).matchAll(/^# .+$/gm)].length !== 1,
    );
    expect(wrong, 'exactly one H1').toEqual([]);
  });

  test('relative links lead somewhere', () => {
    const broken = documents.flatMap((file) =>
      [...withoutFences(read(file)).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !/^([a-z]+:|#)/.test(target))
        .filter((target) => {
          const path = decodeURIComponent(target.split('#')[0] ?? '');
          return !existsSync(join(root, path.startsWith('/') ? '' : dirname(file), path));
        })
        .map((target) => `${file}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  test('what a program tells people to read is there', () => {
    const named = typescript.flatMap((file) =>
      [...read(file).matchAll(/\bdocs\/[a-z0-9/-]+\.md\b/g)].map(([path]) => ({ file, path })),
    );
    expect(named.length).toBeGreaterThan(10);
    const gone = named.filter(({ path }) => !existsSync(join(root, path)));
    expect(gone.map(({ file, path }) => `${file}: ${path}`)).toEqual([]);
  });

  test('the changelog keeps its shape', () => {
    const log = files.filter((file) => file === 'CHANGELOG.md').map(read);
    for (const text of log) {
      expect(text.startsWith('# Changelog\n')).toBe(true);
      for (const [heading] of text.matchAll(/^## .*$/gm)) {
        expect(heading).toMatch(/^## (Unreleased|\d+\.\d+\.\d+( — \d{4}-\d{2}-\d{2})?)$/);
      }
      for (const [heading] of text.matchAll(/^### .*$/gm)) {
        expect(heading).toMatch(/^### (Safety|Features|Internals)$/);
      }
    }
  });
});
