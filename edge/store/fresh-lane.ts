/**
 * A store of lanes whose newest samples lie in slots until they are confirmed, which most are within
 * a quarter of an hour: they never come to `lane_rows`, and a commit writes one page. Who asks sees one
 * lane. Whatever changes more than its end has the slots' rows put with the others first, in its commit.
 */
import type { Lane } from '@signalbeam/sync/core/lanes';
import { extendChain } from '@signalbeam/sync/wire/chain';
import type { Database } from 'better-sqlite3';
import { rowText } from './lane-lines.ts';
import type { LaneRow } from './lane-statements.ts';
import { type Backlog, type LaneHead, type LaneStore, type NewRow, openLanes } from './lanes.ts';
import { openSlots, type SlotRow } from './slots.ts';

/** `putAway` leaves the file as any store of lanes does: what lies in slots is a row like others. */
export type FreshLanes = LaneStore & { putAway(): void };

/** The lanes of `queue.db`. */
export const openQueueLanes = (database: Database): FreshLanes =>
  withFreshRows(openLanes(database, ['metrics', 'backfill']), database, 'metrics');

export const withFreshRows = (inner: LaneStore, database: Database, lane: Lane): FreshLanes => {
  const { group, together, rows, head, append, confirm, putAway } = actsOn(inner, database, lane);
  const rewriting = <T>(of: Lane, work: () => T): T => {
    if (of !== lane) return work();
    return together(() => {
      putAway();
      return work();
    });
  };
  return {
    ...inner,
    group,
    head: (of) => (of === lane ? head() : inner.head(of)),
    append: (to, added) => (to === lane ? together(() => append(added)) : inner.append(to, added)),
    peek: (of, afterSeq, rowsMax) => {
      const stored = inner.peek(of, afterSeq, rowsMax);
      if (of !== lane || stored.length === rowsMax) return stored;
      const later = rows().filter(({ seq }) => seq > afterSeq);
      return [...stored, ...later.slice(0, rowsMax < 0 ? undefined : rowsMax - stored.length)];
    },
    hashAt: (of, seq) => {
      const row = of === lane ? rows().find((each) => each.seq === seq) : undefined;
      return row?.hash ?? inner.hashAt(of, seq);
    },
    backlog: (of) => (of === lane ? both(inner.backlog(of), rows()) : inner.backlog(of)),
    confirm: (of, upTo, hash, now) =>
      together(() => {
        inner.confirm(of, upTo, hash, now);
        if (of === lane) confirm(upTo, hash);
      }),
    giveUp: (of, ...given) => rewriting(of, () => inner.giveUp(of, ...given)),
    giveUpBetween: (of, ...given) => rewriting(of, () => inner.giveUpBetween(of, ...given)),
    noteLoss: (of, ...given) => rewriting(of, () => inner.noteLoss(of, ...given)),
    renumber: (of) => rewriting(of, () => inner.renumber(of)),
    hold: (of) => {
      if (inner.head(of).releasedSeq === null) rewriting(of, () => inner.hold(of));
    },
    putAway: () => together(putAway),
  };
};

const actsOn = (inner: LaneStore, database: Database, lane: Lane) => {
  const slots = openSlots(database, () => inner.head(lane));
  const moveEnd = database.prepare(
    'UPDATE lanes SET last_seq = @upTo, last_hash = @hash WHERE lane = @lane AND last_seq < @upTo',
  );
  let grouped = false;
  /** A transaction of the caller's may be undone unseen: what it made known is read from the disk. */
  const settled = <T>(value: T): T => {
    if (database.inTransaction && !grouped) slots.forget();
    return value;
  };
  const group = <T>(work: () => T): T => {
    grouped = true;
    try {
      return inner.group(work);
    } catch (cause) {
      slots.forget();
      throw cause;
    } finally {
      grouped = false;
    }
  };
  const rows = (): SlotRow[] => settled(slots.rows());
  const head = (): LaneHead => {
    const [stored, last] = [inner.head(lane), rows().at(-1)];
    return last === undefined ? stored : { ...stored, lastSeq: last.seq, lastHash: last.hash };
  };
  const putAway = (): void => {
    const all = slots.rows();
    const last = all.at(-1);
    if (last === undefined) return;
    inner.append(
      lane,
      all.map(({ line }) => JSON.parse(line) as NewRow),
    );
    slots.dropUpTo(last.seq);
  };
  return {
    group,
    together: <T>(work: () => T): T => (database.inTransaction ? settled(work()) : group(work)),
    rows,
    head,
    putAway,
    append: (added: readonly NewRow[]): LaneHead => {
      const next = chained(head(), added);
      if (!slots.put(next)) {
        putAway();
        if (!slots.put(next)) inner.append(lane, added);
      }
      return head();
    },
    /** Where the stored end is behind it: what is confirmed lay in slots only. */
    confirm: (upTo: number, hash: string): void => {
      moveEnd.run({ lane, upTo, hash });
      slots.dropUpTo(upTo);
    },
  };
};

const both = (stored: Backlog, rows: readonly SlotRow[]): Backlog => ({
  rows: stored.rows + rows.length,
  bytes: rows.reduce((sum, { packedBytes }) => sum + packedBytes, stored.bytes),
  oldestAt: stored.oldestAt ?? rows[0]?.at ?? null,
});

const chained = (head: LaneHead, rows: readonly NewRow[]): LaneRow[] => {
  let { lastSeq: seq, lastHash: hash } = head;
  return rows.map((row) => {
    seq += 1;
    const line = rowText(seq, row);
    hash = extendChain(hash, line);
    return { seq, firstSeq: seq, at: row.at, line, hash };
  });
};
