/** What ingest counts for Prometheus. */
import type { Metrics } from '@signalbeam/platform/http/metrics';
import type { Stored } from './store.ts';

/** Once per process: a name can be registered only once. */
export const createIngestFacts = (metrics: Metrics) => {
  const rows = metrics.counter('signalbeam_ingest_rows_total', 'Rows committed');
  const frames = metrics.counter(
    'signalbeam_ingest_frames_total',
    'Frames by what became of them',
    ['outcome'],
  );
  const refused = metrics.counter(
    'signalbeam_ingest_refused_total',
    'Messages that were not taken, by reason',
    ['code'],
  );
  const failed = metrics.counter(
    'signalbeam_ingest_commit_failures_total',
    'Attempts to store a batch that failed and are tried again',
  );
  const hellos = metrics.counter('signalbeam_ingest_hellos_total', 'Hellos by outcome', [
    'outcome',
  ]);
  const calls = metrics.counter(
    'signalbeam_ingest_calls_total',
    'Sites whose devices were told that greetings are answered again',
  );
  const waiting = metrics.gauge('signalbeam_ingest_waiting_frames', 'Frames pulled and not stored');
  const marks = metrics.counter(
    'signalbeam_rollup_marks_total',
    'Pieces of frames added to hours and days',
  );
  const judged = metrics.counter(
    'signalbeam_health_judged_total',
    'Judgements of the health of devices',
  );
  return {
    judged: (devices: number): void => judged.inc(devices),
    rolledUp: (done: { marks: number }): void => marks.inc(done.marks),
    stored: (stored: Stored, waitingFrames: number): void => {
      rows.inc(stored.rows);
      waiting.set(waitingFrames);
      for (const [outcome, count] of Object.entries(stored.outcomes)) {
        if (count > 0) frames.inc({ outcome }, count);
      }
    },
    refused: (code: string): void => refused.inc({ code }),
    failed: (): void => failed.inc(),
    called: (sites: number): void => calls.inc(sites),
    hello: (outcome: string): void => hellos.inc({ outcome }),
  };
};

export type IngestFacts = ReturnType<typeof createIngestFacts>;
