/**
 * Makes the client a package that others can install: plain JavaScript with types, without
 * anything of this repository. Node runs no TypeScript inside `node_modules`, so sources won't do.
 */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const here = import.meta.dirname;
const compilerFlags = [
  ...['--ignoreConfig', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022,dom'],
  ...['--strict', '--declaration', '--rewriteRelativeImportExtensions', '--types', ''],
];

/** What npm shall read: the same package, with its exports pointing at what was made. */
const published = (manifest: Record<string, unknown>) => {
  const { private: _, ...rest } = manifest;
  return {
    ...rest,
    exports: {
      '.': { types: './client.d.ts', default: './client.js' },
      './*': { types: './*.d.ts', default: './*.js' },
    },
    files: ['**/*.js', '**/*.d.ts'],
  };
};

/** Writes the package's folder anew; `npm publish` or `npm pack` take it from there. */
export const packClient = async (folder: string): Promise<void> => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const tsc = join(here, '../../node_modules/.bin/tsc');
  await promisify(execFile)(tsc, [...compilerFlags, '--outDir', folder, join(here, 'client.ts')]);
  for (const name of ['README.md', 'LICENSE']) copyFileSync(join(here, name), join(folder, name));
  const manifest = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
  const text = JSON.stringify(published(manifest), null, 2);
  writeFileSync(join(folder, 'package.json'), `${text}\n`);
};

if (import.meta.main) {
  const folder = join(here, 'dist');
  await packClient(folder);
  console.log(`The package is in ${folder}`);
}
