/** What is kept for how long, and what could not be taken, as the console asks for them. */
import type { Ask } from './request.ts';
import type { Spread, SpreadWish } from './spread.ts';

export const retentionNames = [
  'metricsDays',
  'hoursDays',
  'eventsDays',
  'deadLettersDays',
] as const;
export type RetentionName = (typeof retentionNames)[number];
export type Kept = { days: number; chosen: number | null; default: number; max: number };
export type Retention = { tier: 'free' | 'paid' } & Record<RetentionName, Kept>;
/** Null is the default of the tier. */
export type RetentionWish = Record<RetentionName, number | null>;
export type RetentionChange = {
  name: RetentionName;
  fromDays: number;
  toDays: number;
  removed: { from: string; before: string } | null;
  says: string;
};

export const letterKinds = ['ingest', 'events'] as const;
export type LetterKind = (typeof letterKinds)[number];
export type DeadLetter = {
  id: string;
  kind: LetterKind;
  at: string;
  subject: string;
  code: string;
  reason: string;
  bytes: number;
  deviceId: string | null;
  lane: string | null;
  epoch: string | null;
  seq: number | null;
  consumer: string | null;
  deliveries: number | null;
};
export type WholeDeadLetter = { letter: DeadLetter; content: string | null };
export type LetterCause = { cause: string; letters: number; oldestAt: string; newestAt: string };
export type LettersDone = {
  done: number;
  refused: { id: string; reason: string }[];
  nextCursor: string | null;
};

const retentionPath = '/api/telemetry/retention';
const lettersPath = '/api/telemetry/dead-letters';
const letterPath = (id: string): string => `${lettersPath}/${encodeURIComponent(id)}`;

export const telemetryApi = (ask: Ask) => ({
  metricSpread: ({ of, metric, each, from, to, step }: SpreadWish) => {
    const query = new URLSearchParams({ ...of, metric, each, maxPoints: '200' });
    query.set('from', new Date(from).toISOString());
    query.set('to', new Date(to).toISOString());
    if (step !== '') query.set('step', step);
    return ask<Spread>('GET', `/api/telemetry/percentiles?${query}`);
  },
  retention: () => ask<Retention>('GET', retentionPath),
  previewRetention: async (wish: RetentionWish) => {
    const query = new URLSearchParams();
    for (const name of retentionNames) {
      if (wish[name] !== null) query.set(name, String(wish[name]));
    }
    const path = `${retentionPath}/preview?${query}`;
    return (await ask<{ changes: RetentionChange[] }>('GET', path)).changes;
  },
  changeRetention: (read: Retention, wish: RetentionWish, tenantId: string) =>
    ask<Retention>('PUT', retentionPath, wish, { read, target: `tenant:${tenantId}` }),
  deadLetterCauses: (kind: LetterKind) =>
    ask<{ causes: LetterCause[]; isCut: boolean }>('GET', `${lettersPath}/causes?kind=${kind}`),
  deadLetters: (kind: LetterKind, cause: string, cursor: string | null) => {
    const query = new URLSearchParams({ kind, limit: '25' });
    if (cause !== '') query.set('cause', cause);
    if (cursor !== null) query.set('cursor', cursor);
    return ask<{ letters: DeadLetter[]; nextCursor: string | null }>(
      'GET',
      `${lettersPath}?${query}`,
    );
  },
  deadLetter: (id: string) => ask<WholeDeadLetter>('GET', letterPath(id)),
  replayLetter: (id: string) =>
    ask<{ outcome: 'stored' | 'sent' }>('POST', `${letterPath(id)}/replay`),
  discardLetter: (id: string) => ask<null>('DELETE', letterPath(id)),
  /** One part of those of a cause; `cursor` of the answer before goes on. */
  lettersOfCause: (
    verb: 'replay' | 'discard',
    of: { kind: LetterKind; cause: string },
    cursor: string | null,
  ) =>
    ask<LettersDone>('POST', `${lettersPath}/${verb}`, {
      ...of,
      ...(cursor === null ? {} : { cursor }),
    }),
});
