/** The table of states in docs/rollouts.md is what the code does: it is made from it here and compared. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fixtureReport, fixtureRollout, fixtureRow } from './rollout.fixture.ts';
import { type RowStatus, rowStatuses, type SlotReport } from './rollout.ts';
import { planRows } from './row-moves.ts';

const reports: readonly SlotReport['status'][] = ['downloading', 'verifying', 'running', 'failed'];

const nextOf = (status: RowStatus, said: SlotReport['status'] | 'gone' | 'old version runs') => {
  const previousSlot = {
    ...{ bundleId: 'b1', bundleName: 'web', version: '1.0.0', releaseDigest: 'sha256:' },
    ...{ rolloutId: null, requestedGeneration: 1 },
  };
  const report =
    said === 'gone'
      ? null
      : said === 'old version runs'
        ? fixtureReport('running', { version: '1.0.0', rolloutId: null, requestedGeneration: 1 })
        : fixtureReport(said);
  const device = said === 'gone' ? ('gone' as const) : ('present' as const);
  const row = fixtureRow('a', { status, report, previousSlot, device });
  return planRows(fixtureRollout, [row])[0]?.to ?? '–';
};

it('is the one in the docs', () => {
  const said = [...reports, 'old version runs', 'gone'] as const;
  const cells = [
    ['its row is', ...said],
    ...rowStatuses.map((status) => [status, ...said.map((one) => nextOf(status, one))]),
  ];
  const docs = readFileSync(join(import.meta.dirname, '../../../docs/rollouts.md'), 'utf8');
  const [, table = ''] = /<!-- states -->\n\n([\s\S]*?)\n\n<!-- \/states -->/.exec(docs) ?? [];
  const [head, , ...rows] = table.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  expect([head, ...rows]).toEqual(cells);
});
