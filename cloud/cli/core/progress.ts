/** A rollout's progress as a line, and what its end means for whoever waited. */
import { counted } from './words.ts';

export type Progress = {
  total: number;
  succeeded: number;
  failed: number;
  cancelled: number;
  unreached: number;
  inProgress: number;
  pending: number;
};

const barWidth = 20;

const bar = ({ total, succeeded, failed }: Progress): string => {
  const part = (count: number) => (total === 0 ? 0 : Math.floor((count * barWidth) / total));
  const [done, wrong] = [part(succeeded), part(failed)];
  return `[${'#'.repeat(done)}${'!'.repeat(wrong)}${'.'.repeat(barWidth - done - wrong)}]`;
};

export const progressLine = (
  rollout: { bundleName: string; version: string; progress: Progress; waiting: string },
  withBar: boolean,
): string => {
  const { progress, waiting } = rollout;
  const parts = [
    `${progress.succeeded} of ${counted(progress.total, 'device')} done`,
    ...(progress.inProgress > 0 ? [`${progress.inProgress} at work`] : []),
    ...(progress.failed > 0 ? [`${progress.failed} failed`] : []),
    ...(progress.unreached > 0 ? [`${progress.unreached} unreached`] : []),
    ...(progress.cancelled > 0 ? [`${progress.cancelled} cancelled`] : []),
  ];
  const head = `${rollout.bundleName} ${rollout.version}`;
  const line = `${head} ${withBar ? `${bar(progress)} ` : ''}${parts.join(', ')}`;
  return waiting === '' ? line : `${line}; ${waiting}`;
};
