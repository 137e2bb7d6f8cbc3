/**
 * What containers say on Docker: logs, followed logs, and the output of a command run inside.
 */
import type { Readable } from 'node:stream';
import { FleetError } from '@signalbeam/sync/core/errors';
import type { ExecCreateOptions, ExecStartOptions } from 'dockerode';
import { z } from 'zod';
import { chunksOf } from './byte-streams.ts';
import { createDemultiplexer } from './demultiplex.ts';
import { asFailure, type DockerCalls } from './docker-calls.ts';
import type { LogLine, LogOptions } from './engine.ts';
import { collectOutput, endExec, execTimedOut } from './exec-output.ts';
import { createLineReader, logTailMax } from './log-lines.ts';
import { parseReply } from './reply.ts';

export const readDockerLogs = async (
  { docker, call }: DockerCalls,
  id: string,
  { tail, sinceMs }: LogOptions,
): Promise<LogLine[]> => {
  const reply: unknown = await call(`read the log of container ${id}`, (abortSignal) =>
    docker.getContainer(id).logs({
      follow: false,
      stdout: true,
      stderr: true,
      timestamps: true,
      tail: Math.min(tail, logTailMax),
      ...(sinceMs === undefined ? {} : { since: sinceMs / 1000 }),
      abortSignal,
    }),
  );
  if (!Buffer.isBuffer(reply)) return [];
  const reader = createLineReader();
  return [...createDemultiplexer()(reply).flatMap(reader.push), ...reader.end()];
};

export async function* followDockerLogs(
  { docker, call, socketPath }: DockerCalls,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const what = `follow the log of container ${id}`;
  const stop = new AbortController();
  try {
    const options = {
      follow: true,
      stdout: true,
      stderr: true,
      timestamps: true,
      tail: 0,
    } as const;
    const stream = await call(
      what,
      () => docker.getContainer(id).logs({ ...options, abortSignal: stop.signal }),
      { signal },
    );
    const reader = createLineReader();
    const frames = createDemultiplexer();
    for await (const chunk of chunksOf(stream as unknown as Readable, signal)) {
      yield* frames(chunk).flatMap(reader.push);
    }
    yield* reader.end();
  } catch (cause) {
    if (!signal.aborted) throw asFailure(what, socketPath, cause);
  } finally {
    stop.abort();
  }
}

const execStateSchema = z.object({ ExitCode: z.number().nullish(), Pid: z.number().nullish() });

export const execInDocker = async (
  { docker, call, socketPath }: DockerCalls,
  id: string,
  argv: readonly string[],
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<{ exitCode: number; output: string }> => {
  const what = `run a command in container ${id}`;
  // dockerode's types leave out abortSignal here; the modem takes it.
  const exec = await call(
    what,
    (abortSignal) => {
      const options: ExecCreateOptions & { abortSignal: AbortSignal } = {
        AttachStdout: true,
        AttachStderr: true,
        Cmd: [...argv],
        abortSignal,
      };
      return docker.getContainer(id).exec(options);
    },
    { signal },
  );
  const state = async () => {
    const reply = await call(what, (abortSignal) => exec.inspect({ abortSignal }));
    return parseReply(execStateSchema, reply, what);
  };
  const start: ExecStartOptions = { hijack: false, stdin: false, Detach: false, Tty: false };
  try {
    const stream: Readable = await call(what, () => exec.start(start), { signal });
    const output = await collectOutput(stream, { timeoutMs, signal });
    return { exitCode: (await state()).ExitCode ?? -1, output };
  } catch (cause) {
    await endExec(id, async () => (await state()).Pid ?? 0);
    if (cause instanceof FleetError && cause.code === 'exec-timeout')
      throw execTimedOut(id, timeoutMs);
    throw asFailure(what, socketPath, cause);
  }
};
