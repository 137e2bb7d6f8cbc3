/**
 * What the consoles weigh, as built: all that the first page pulls in statically, and each further
 * piece. A link at a site may be slow, and a phone's memory small.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ensureConsole } from '@signalbeam/launcher/machine/console-build';
import { beforeAll, describe, expect, it } from 'vitest';

const firstLoadBytesMax = 150_000;
const chunkBytesMax = 60_000;

beforeAll(() => ensureConsole());

describe.each(['operator', 'technician'])('the %s’s console', (app) => {
  const folder = join(import.meta.dirname, 'dist', app);
  const assets = () => readdirSync(join(folder, 'assets'));
  const read = (file: string) => readFileSync(join(folder, file));
  const weigh = (file: string) => gzipSync(read(file), { level: 9 }).length;

  /** The page and everything it imports before it can run, and what those import. */
  const firstLoad = (): Set<string> => {
    const found = new Set(['index.html']);
    for (const file of found) {
      if (!/\.(html|js)$/.test(file)) continue;
      const text = read(file).toString('utf8');
      const named = file.endsWith('.html')
        ? text.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)
        : text.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g);
      for (const [, name] of named)
        if (name !== undefined) found.add(name.startsWith('assets/') ? name : `assets/${name}`);
    }
    return found;
  };

  it('loads within its budget', () => {
    const files = [...firstLoad()];
    expect(files.some((file) => file.endsWith('.js'))).toBe(true);
    expect(files.some((file) => file.endsWith('.css'))).toBe(true);
    const bytes = files.reduce((sum, file) => sum + weigh(file), 0);
    expect(bytes).toBeLessThanOrEqual(firstLoadBytesMax);
  });

  it('has no further piece above its own', () => {
    const heavy = assets().filter((file) => weigh(`assets/${file}`) > chunkBytesMax);
    expect(heavy).toEqual([]);
  });
});
