/**
 * What a browser fetches before a console can be used: the page, what it names, and what that
 * imports at once, each compressed as the servers send it. Views that load when they are opened
 * are not first load; all files together are counted beside it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ensureConsole } from '@signalbeam/launcher/machine/console-build';
import { repositoryDir } from '@signalbeam/launcher/places';
import { rounded } from './cloud.suite.ts';

const kilobyte = 1_000;

const gzipBytes = (path: string): number => gzipSync(readFileSync(path)).byteLength;

/** `import … from "./x.js"`, `import "./x.js"`, `export … from "./x.js"`; not `import("./x.js")`. */
const staticImports = (code: string): string[] =>
  [...code.matchAll(/(?:^|[;}\n])(?:import|export)(?:[^"'();]*?from)?\s*["'](\.[^"']+)["']/g)].map(
    ([, path = '']) => path,
  );

const firstLoadOf = (dir: string): Set<string> => {
  const page = join(dir, 'index.html');
  const html = readFileSync(page, 'utf8');
  const named = [...html.matchAll(/(?:src|href)="\/?([^"]+)"/g)].map(([, path = '']) =>
    join(dir, path),
  );
  const found = new Set([page]);
  const left = named.filter((path) => existsSync(path));
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    if (!path.endsWith('.js')) continue;
    for (const imported of staticImports(readFileSync(path, 'utf8'))) {
      left.push(join(dirname(path), imported));
    }
  }
  return found;
};

const allOf = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const kilobytesOf = (paths: Iterable<string>): number =>
  rounded([...paths].reduce((sum, path) => sum + gzipBytes(path), 0) / kilobyte);

/** The same at both sizes: there is nothing to repeat. */
export const run = async () => {
  await ensureConsole();
  const dist = (app: string): string => join(repositoryDir, 'console/dist', app);
  const [operator, technician] = [dist('operator'), dist('technician')];
  return {
    name: 'console',
    figures: {
      operatorFirstLoadGzipKb: kilobytesOf(firstLoadOf(operator)),
      technicianFirstLoadGzipKb: kilobytesOf(firstLoadOf(technician)),
      operatorAllFilesGzipKb: kilobytesOf(allOf(operator)),
      technicianAllFilesGzipKb: kilobytesOf(allOf(technician)),
    },
  };
};
