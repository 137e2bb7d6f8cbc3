/**
 * What containers say on Podman: logs, followed logs, and the output of a command run inside.
 * Podman gives log times in whole seconds; the order of lines is still the container's. Its own
 * `tail` loses the beginning of long lines (4.3), so the log, which has a cap, is read whole.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import { z } from 'zod';
import { chunksOf } from './byte-streams.ts';
import { createDemultiplexer } from './demultiplex.ts';
import type { LogLine, LogOptions } from './engine.ts';
import { collectOutput, endExec, execTimedOut } from './exec-output.ts';
import { createLineReader, logTailMax } from './log-lines.ts';
import { asLibpodFailure, type LibpodCalls } from './podman-calls.ts';
import { parseReply } from './reply.ts';

const logTimeoutMs = 30_000;

export const readPodmanLogs = async (
  calls: LibpodCalls,
  id: string,
  { tail, sinceMs }: LogOptions,
): Promise<LogLine[]> => {
  const what = `read the log of container ${id}`;
  const query = {
    stdout: 'true',
    stderr: 'true',
    timestamps: 'true',
    ...(sinceMs === undefined ? {} : { since: String(sinceMs / 1000) }),
  };
  const wanted = Math.min(tail, logTailMax);
  if (wanted < 1) return [];
  const ended = AbortSignal.timeout(logTimeoutMs);
  try {
    const path = `/containers/${id}/logs`;
    const stream = await calls.stream({ what, path, query, signal: ended });
    const frames = createDemultiplexer();
    const reader = createLineReader();
    let lines: LogLine[] = [];
    for await (const chunk of chunksOf(stream, ended)) {
      lines.push(...frames(chunk).flatMap(reader.push));
      if (lines.length > 2 * wanted) lines = lines.slice(-wanted);
    }
    if (ended.aborted) throw logTimedOut(what);
    return [...lines, ...reader.end()].slice(-wanted);
  } catch (cause) {
    throw asLibpodFailure(what, calls.socketPath, cause);
  }
};

const logTimedOut = (what: string): FleetError =>
  new FleetError('engine-timeout', `Could not ${what} within ${logTimeoutMs / 1000} s.`, {
    next: 'Try again; if it goes on, restart the Podman service.',
  });

export async function* followPodmanLogs(
  calls: LibpodCalls,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const what = `follow the log of container ${id}`;
  const path = `/containers/${id}/logs`;
  const query = { follow: 'true', stdout: 'true', stderr: 'true', timestamps: 'true', tail: '0' };
  try {
    const stream = await calls.stream({ what, path, query, signal });
    const reader = createLineReader();
    const frames = createDemultiplexer();
    for await (const chunk of chunksOf(stream, signal)) yield* frames(chunk).flatMap(reader.push);
    yield* reader.end();
  } catch (cause) {
    if (!signal.aborted) throw asLibpodFailure(what, calls.socketPath, cause);
  }
}

const createdSchema = z.object({ Id: z.string() });
const execStateSchema = z.object({ ExitCode: z.number().nullish(), Pid: z.number().nullish() });

export const execInPodman = async (
  calls: LibpodCalls,
  id: string,
  argv: readonly string[],
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<{ exitCode: number; output: string }> => {
  const what = `run a command in container ${id}`;
  const created = await calls.call({
    what,
    method: 'POST',
    path: `/containers/${id}/exec`,
    body: { AttachStdout: true, AttachStderr: true, Cmd: [...argv] },
    signal,
  });
  const { Id: execId } = parseReply(createdSchema, created.body, what);
  const state = async () => {
    const reply = await calls.call({ what, path: `/exec/${execId}/json` });
    return parseReply(execStateSchema, reply.body, what);
  };
  try {
    const stream = await calls.stream({
      what,
      method: 'POST',
      path: `/exec/${execId}/start`,
      body: { Detach: false, Tty: false },
      signal,
    });
    const output = await collectOutput(stream, { timeoutMs, signal });
    return { exitCode: (await state()).ExitCode ?? -1, output };
  } catch (cause) {
    await endExec(id, async () => (await state()).Pid ?? 0);
    if (cause instanceof FleetError && cause.code === 'exec-timeout')
      throw execTimedOut(id, timeoutMs);
    throw asLibpodFailure(what, calls.socketPath, cause);
  }
};
