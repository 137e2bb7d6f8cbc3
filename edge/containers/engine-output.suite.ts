/** What every engine tells: logs, followed logs, commands run inside, events of our containers. */
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { labels } from '../core/container.ts';
import type { ContainerEvent } from './engine.ts';
import { followTests } from './engine-follow.suite.ts';
import { type EngineUnderTest, openSite, type Site, until } from './engine-site.suite.ts';

export const engineOutputSuite = (under: EngineUnderTest) => {
  describe(`${under.kind}: output and events`, () => {
    let site: Site;
    beforeAll(async () => {
      site = await openSite(under);
    });
    afterAll(() => site?.close());
    followTests(() => site);

    const ended = (id: string) =>
      until(async () => (await site.see(id)).state === 'exited' && true);

    test('gives the last lines of both outputs with their times', async () => {
      const script =
        'for i in 1 2 3 4 5; do echo out $i; done; sleep 0.3; echo grün >&2; printf end';
      const id = await site.start('talks', { command: ['sh', '-c', script] });
      await ended(id);
      const lines = await site.engine.logs(id, { tail: 100 });
      expect(lines.map((line) => `${line.stream} ${line.text}`)).toEqual([
        'stdout out 1',
        'stdout out 2',
        'stdout out 3',
        'stdout out 4',
        'stdout out 5',
        'stderr grün',
        'stdout end',
      ]);
      for (const line of lines) expect(Math.abs(line.at - Date.now())).toBeLessThan(60_000);
      const last = await site.engine.logs(id, { tail: 2 });
      expect(last.map((line) => line.text)).toEqual(['grün', 'end']);
      expect(await site.engine.logs(id, { tail: 10, sinceMs: Date.now() + 3_600_000 })).toEqual([]);
    });

    test('joins a long line that the engine cut, and cuts it at its limit', async () => {
      const script = `head -c 12000 /dev/zero | tr '\\0' a; echo; head -c 40000 /dev/zero | tr '\\0' b; echo; echo short`;
      const id = await site.start('long', { command: ['sh', '-c', script] });
      await ended(id);
      const lines = await site.engine.logs(id, { tail: 100 });
      expect(lines.map((line) => line.text.length)).toEqual([12_000, 16_384, 5]);
      expect(lines[1]?.text.endsWith('b…')).toBe(true);
    });

    test('follows a log until it is told to stop', async () => {
      const script = 'i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.2; done';
      const id = await site.start('ticks', { command: ['sh', '-c', script] });
      const abort = new AbortController();
      const seen: string[] = [];
      for await (const line of site.engine.followLogs(id, abort.signal)) {
        seen.push(line.text);
        if (seen.length === 3) abort.abort();
      }
      expect(seen).toHaveLength(3);
      expect(seen[0]).toMatch(/^tick \d+$/);
    });

    test('ends a followed log when the container ends', async () => {
      const id = await site.start('short', { command: ['sh', '-c', 'sleep 1; echo last'] });
      const seen: string[] = [];
      for await (const line of site.engine.followLogs(id, new AbortController().signal)) {
        seen.push(line.text);
      }
      expect(seen).toEqual(['last']);
    });

    test('runs a command inside and gives its exit code and both outputs', async () => {
      const id = await site.start('inside');
      const argv = ['sh', '-c', 'echo out; echo err >&2; exit 7'];
      const { exitCode, output } = await site.engine.exec(id, argv, { timeoutMs: 10_000 });
      expect(exitCode).toBe(7);
      expect(output.split('\n').sort()).toEqual(['', 'err', 'out']);
      const flood = ['sh', '-c', 'head -c 300000 /dev/zero'];
      expect((await site.engine.exec(id, flood, { timeoutMs: 10_000 })).output.length).toBe(65_536);
    });

    test('says that a command is not there', async () => {
      const id = await site.start('no-command');
      const outcome = await site.engine.exec(id, ['/no/such'], { timeoutMs: 10_000 }).then(
        ({ exitCode }) => exitCode,
        (cause) => cause.code,
      );
      expect([126, 127, 'engine-refused']).toContain(outcome);
    });

    test('ends a command that takes too long, and its process', async () => {
      const id = await site.start('hangs');
      const mark = `sleep 98${site.run.replaceAll(/\D/g, '').slice(0, 4)}`;
      const run = site.engine.exec(id, mark.split(' '), { timeoutMs: 700 });
      await expect(run).rejects.toMatchObject({ code: 'exec-timeout' });
      await until(async () => !(await runs(mark)) && true);
    });

    test('tells of our containers’ events at once, and of no one else’s', async () => {
      const abort = new AbortController();
      const seen: ContainerEvent[] = [];
      const opened = Promise.withResolvers<void>();
      const events = site.engine.events(site.deviceId, abort.signal, opened.resolve);
      const watching = (async () => {
        for await (const event of events) seen.push(event);
      })();
      await opened.promise;
      // It opens the stream a moment before it listens.
      await new Promise((resolve) => setTimeout(resolve, 500));
      const stranger = `${site.deviceId}-stranger`;
      const other = await site.start('noise', { labels: { [labels.device]: stranger } });
      const id = await site.start('watched', { command: ['sh', '-c', 'sleep 1'] });
      const told = (action: string) =>
        until(
          async () =>
            seen.some((each) => each.containerId === id && each.action === action) && true,
        );
      await told('create');
      await told('start');
      await told('die');
      await site.engine.remove(id, { volumes: false });
      await told('remove');
      expect(seen.filter((event) => event.containerId === other)).toEqual([]);
      const death = seen.find((event) => event.containerId === id && event.action === 'die');
      expect(death).toMatchObject({ exitCode: 0, labels: { [labels.device]: site.deviceId } });
      for (const event of seen) expect(Math.abs(event.at - Date.now())).toBeLessThan(60_000);
      abort.abort();
      await watching;
    });
  });
};

/** Whether a process of this host has that command line. */
const runs = async (commandLine: string): Promise<boolean> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.some((line) => line.replaceAll('\0', ' ').trim() === commandLine);
};
