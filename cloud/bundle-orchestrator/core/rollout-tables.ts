/**
 * The tables of states in docs/rollouts.md, made from the very functions that decide: what each verb does
 * to a rollout and to its devices' rows, what a wave does by itself, what a report does to a row.
 * `./signalbeam generate` writes them; a test holds what is committed to what is made. Pure.
 */
import {
  emptyProgress,
  type Progress,
  type RolloutRow,
  type RowStatus,
  rolloutStatuses,
  rowStatuses,
  type SlotReport,
} from './rollout.ts';
import { planRows } from './row-moves.ts';
import { newsOfStep, newsOfVerb, outcomeOf, rolloutVerbs, rowAfter } from './verbs.ts';
import { type Gate, openGate } from './wave.ts';
import { planWaves, type WaveState, type WaveStep } from './wave-plan.ts';

type Cells = readonly (readonly string[])[];

export const tableOf = ([head = [], ...rows]: Cells): string => {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
};

const nothing = '–';

const verbsOfRollouts = (): Cells => [
  ['the rollout is', ...rolloutVerbs],
  ...rolloutStatuses.map((status) => [
    status,
    ...rolloutVerbs.map((verb) => {
      const outcome = outcomeOf(verb, status);
      if (outcome.kind === 'refused') return 'refused';
      return outcome.kind === 'stays' ? 'as it is' : outcome.status;
    }),
  ]),
];

const verbsOfRows = (): Cells => [
  ['its row is', ...rolloutVerbs],
  ...rowStatuses.map((row) => [
    row,
    ...rolloutVerbs.map((verb) => {
      const after = rowAfter(verb, row);
      return after === row ? nothing : after;
    }),
  ]),
];

const nowMs = 1_000_000_000;
const gate: Gate = {
  ...openGate,
  ...{ succeededPercentMin: 100, failedPercentMax: 0, failedSampleMin: 1, soakMs: 1_000 },
};
const counts = (parts: Partial<Progress>): Progress => ({ ...emptyProgress, total: 2, ...parts });
const done = counts({ succeeded: 2 });
const soaked = { goodSinceMs: nowMs - 1_000, counts: done };

/** What may be true of a wave at work, or of one that was passed. */
const situations: readonly [string, Partial<WaveState>][] = [
  ['devices at work or unreached', { counts: counts({ succeeded: 1, unreached: 1 }) }],
  [
    'too many failed',
    { counts: counts({ succeeded: 1, failed: 1 }), gate: { ...gate, succeededPercentMin: 50 } },
  ],
  [
    'too few can confirm',
    { counts: counts({ succeeded: 1, failed: 1 }), gate: { ...gate, failedPercentMax: 100 } },
  ],
  ['enough confirmed', { counts: done }],
  ['no longer good', { counts: counts({ succeeded: 1, pending: 1 }), goodSinceMs: nowMs - 1 }],
  ['health or alerts missing', { ...soaked, gate: { ...gate, healthScoreMin: 80 } }],
  ['approval missing', { ...soaked, gate: { ...gate, approval: 'any-person' } }],
  ['good, soaked and approved', soaked],
];

const stepWords: Record<WaveStep['kind'], string> = {
  begin: 'begins',
  'open-wave': 'opens',
  'good-since': 'soaks',
  'pass-wave': 'passes',
  pause: 'the rollout pauses',
  'roll-back': 'the rollout goes back',
  complete: 'the rollout is over',
};

/** Followed by one that waits, so that nothing is over with it. */
const whatHappens = (
  state: WaveState['state'],
  more: Partial<WaveState>,
  onFailure: 'pause' | 'roll-back',
): string => {
  const wave: WaveState = {
    ...{ wave: 0, name: 'w', gate, state, openedAtMs: nowMs - 2_000, goodSinceMs: null },
    ...{ approvals: [], acceptedFailed: 0, counts: done, evidence: null },
    ...more,
  };
  const waiting: WaveState = { ...wave, wave: 1, state: 'waiting', counts: counts({ planned: 2 }) };
  const rollout = {
    ...{ status: 'in-progress' as const, requestedBy: 'user:a', approvalByAnother: false },
    ...{ startAtMs: null, onFailure },
  };
  const { steps } = planWaves({ rollout, waves: [wave, waiting] }, nowMs);
  const own = steps.filter((step) => !('wave' in step) || step.wave === 0);
  const words = own.map((step) =>
    step.kind === 'good-since' && step.sinceMs === null
      ? 'its soak ends without it'
      : stepWords[step.kind],
  );
  return words.length === 0 ? 'waits' : words.join(', ');
};

const wavesByThemselves = (): Cells => [
  ['of its devices', 'open, `pause`', 'open, `roll-back`', 'passed, `pause`'],
  ...situations.map(([name, more]) => [
    name,
    whatHappens('open', more, 'pause'),
    whatHappens('open', more, 'roll-back'),
    whatHappens('passed', more, 'pause').replace('waits', nothing),
  ]),
];

const newsOfTransitions = (): Cells => [
  ['what happened', 'domain event'],
  ...rolloutVerbs.map((verb) => [`\`${verb}\` by a person`, `\`rollout.${newsOfVerb[verb]}\``]),
  ...Object.entries(newsOfStep).flatMap(([step, news]) =>
    news === null ? [] : [[`${step} by itself`, `\`rollout.${news}\``]],
  ),
];

const said = [
  ...(['downloading', 'verifying', 'running', 'failed', 'old version runs', 'gone'] as const),
] as const;

const slotBefore = {
  ...{ bundleId: 'b1', bundleName: 'web', version: '1.0.0', releaseDigest: 'sha256:' },
  ...{ rolloutId: null, requestedGeneration: 1 },
};
const reportOf = (status: SlotReport['status'], isOld: boolean): SlotReport => ({
  ...{ status, reason: null, logTail: [] },
  ...(isOld
    ? { version: '1.0.0', rolloutId: null, requestedGeneration: 1 }
    : { version: '2.0.0', rolloutId: 'r1', requestedGeneration: 5 }),
});

const afterReport = (status: RowStatus, what: (typeof said)[number]): string => {
  const isOld = what === 'old version runs';
  const row: RolloutRow = {
    ...{ retryCount: 0, dueAtMs: null },
    ...{ deviceId: 'a', name: 'a', status, requestedGeneration: 5, reportedGeneration: 5 },
    ...{ device: what === 'gone' ? 'gone' : 'present', presence: 'online', lastSeenAtMs: 0 },
    previousSlot: slotBefore,
    report: what === 'gone' ? null : reportOf(isOld ? 'running' : what, isOld),
  };
  const rollout = {
    ...{ id: 'r1', bundleId: 'b1', bundleName: 'web', version: '2.0.0' },
    status: 'in-progress' as const,
  };
  return planRows(rollout, [row])[0]?.to ?? nothing;
};

const reportsOfRows = (): Cells => [
  ['its row is', ...said],
  ...rowStatuses.map((status) => [status, ...said.map((one) => afterReport(status, one))]),
];

/** By the name of their place in the page: `<!-- name -->` … `<!-- /name -->`. */
export const rolloutTables = (): Record<string, string> => ({
  'verbs of rollouts': tableOf(verbsOfRollouts()),
  'verbs of rows': tableOf(verbsOfRows()),
  waves: tableOf(wavesByThemselves()),
  states: tableOf(reportsOfRows()),
  events: tableOf(newsOfTransitions()),
});

/** The page with its tables as they are made now; throws when a place is missing. */
export const withTables = (page: string): string =>
  Object.entries(rolloutTables()).reduce((text, [name, table]) => {
    const place = new RegExp(`(<!-- ${name} -->\\n\\n)[\\s\\S]*?(\\n\\n<!-- /${name} -->)`);
    if (!place.test(text)) throw new Error(`the page has no place for the table of ${name}`);
    return text.replace(place, (_, begin: string, end: string) => `${begin}${table}${end}`);
  }, page);
