/**
 * Seeds that once found something, in the product or in the simulator itself, and what it was. They
 * run in every test run. A seed means what it meant then only as long as the world is built the same
 * way; its faults are what it keeps.
 */
import type { FaultKind } from './plan/kinds.ts';

export const corpus: readonly {
  seed: number;
  faults: readonly FaultKind[] | null;
  /** Where another length of its history is what shows it. */
  eventsMin?: number;
  found: string;
}[] = [
  {
    seed: 17,
    faults: null,
    found: 'an update waited ten years for its next probe after the clock was put right',
  },
  {
    seed: 168,
    faults: null,
    found:
      'a commit undone by a full disk forgot what was confirmed; the agent crashed at each greeting',
  },
  { seed: 92, faults: null, found: 'rows sent while the clock was ahead were never sent again' },
  {
    seed: 217,
    faults: ['disk-full', 'stranger-pulls', 'slow-pull', 'pull-fails', 'hostile-misdelivery'],
    found: 'an image that others brought was recorded as fetched here, and pruned',
  },
  {
    seed: 224,
    faults: ['link-cut', 'slow-link', 'stranger-pulls', 'slow-pull'],
    found: 'the same',
  },
  {
    seed: 11,
    faults: null,
    found: 'an idle lane does not notice that Postgres was restored until it greets',
  },
  {
    seed: 17,
    faults: ['postgres-restored', 'replica-paused', 'link-cut'],
    found: 'the same, back by seconds only',
  },
  {
    seed: 6,
    faults: ['postgres-restored', 'replica-paused', 'link-cut'],
    found: 'a report lost by a restore was not told again until something changed',
  },
  {
    seed: 1478,
    faults: null,
    found:
      'a device that started between a new root and its key set had no site key until it restarted',
  },
  {
    seed: 2,
    faults: [],
    found: 'bytes of the first key set were not kept, so nobody could get them from this device',
  },
  {
    seed: 54,
    faults: null,
    found: 'after a restored database the bytes stayed older than what was believed',
  },
  {
    seed: 807,
    faults: ['disk-restored', 'stranger-pulls'],
    found: 'nothing: an old copy of the disk remembers an image that a stranger brought again',
  },
  {
    seed: 111,
    faults: ['link-cut', 'agent-killed', 'disk-full', 'disk-restored', 'slow-pull'],
    found: 'reports of an epoch that a device came back to did not replace those of a later one',
  },
  {
    seed: 14,
    faults: ['disk-restored', 'database-damaged', 'trust-file-damaged', 'root-rotated'],
    found: 'of two copies of what is trusted, from different days, the older floors could win',
  },
  {
    seed: 654,
    faults: null,
    found: 'nothing: the model took the report that came last for the newest',
  },
  {
    seed: 130,
    faults: null,
    eventsMin: 15_000,
    found:
      'a late frame of a life that was over made its report the newest, and the device had nothing new to say',
  },
  {
    seed: 200_469,
    faults: ['one-way', 'hub-away', 'postgres-restored', 'disk-restored'],
    found:
      'nothing: the model kept a report for the newest that a restored Postgres, and the disk, no longer had',
  },
  {
    seed: 795_859_557,
    faults: ['broker-deleted', 'replica-killed', 'replica-paused', 'disk-full', 'engine-down'],
    found:
      'a bundle that was still there was called removed, and its pair went down while nobody knew better',
  },
  {
    seed: 795_861_087,
    faults: [],
    found: 'nothing: a stop was judged by what the device was told while the container ended',
  },
  { seed: 1, faults: [], found: 'nothing: a site without faults comes to rest' },
];
