/**
 * A command run inside a container must end: its output is capped, its time too. Neither engine can
 * stop such a command, so when it is late its process is killed from the host, and only after the
 * kernel says that the process belongs to that very container. Where the agent may not (another
 * user, another machine) the command is left to end by itself.
 */
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { FleetError } from '@signalbeam/sync/core/errors';
import { chunksOf } from './byte-streams.ts';
import { createDemultiplexer } from './demultiplex.ts';

/** A probe's reason, not a file transfer. */
export const execOutputBytesMax = 64 * 1024;

export const collectOutput = async (
  stream: Readable,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<string> => {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  const ended = signal ? AbortSignal.any([late.signal, signal]) : late.signal;
  const frames = createDemultiplexer();
  const kept: Buffer[] = [];
  let room = execOutputBytesMax;
  try {
    for await (const chunk of chunksOf(stream, ended)) {
      for (const { bytes } of frames(chunk)) {
        kept.push(bytes.subarray(0, room));
        room -= Math.min(room, bytes.length);
      }
    }
  } finally {
    clearTimeout(timer);
  }
  signal?.throwIfAborted();
  if (late.signal.aborted) throw execTimedOut('', timeoutMs);
  return Buffer.concat(kept).toString('utf8');
};

export const execTimedOut = (id: string, timeoutMs: number): FleetError =>
  new FleetError(
    'exec-timeout',
    `The command in container ${id.slice(0, 12)} did not end within ${timeoutMs / 1000} s and was ended.`,
    { next: 'Give the command more time or look at why it hangs.' },
  );

/** Kills the late command's process if it is sure to be one of the container's. Never throws. */
export const endExec = async (containerId: string, pidOf: () => Promise<number>): Promise<void> => {
  try {
    const pid = await pidOf();
    if (pid <= 1) return;
    const cgroups = await readFile(`/proc/${pid}/cgroup`, 'utf8');
    if (containerId.length >= 12 && cgroups.includes(containerId)) process.kill(pid, 'SIGKILL');
  } catch {
    // It ended meanwhile, or it is not ours to kill: both leave nothing to do.
  }
};
