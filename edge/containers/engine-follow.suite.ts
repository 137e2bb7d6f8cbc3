/** How a log is followed on every engine: by the container's name, whatever becomes of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { chooseNamed, labels } from '../core/container.ts';
import type { Engine } from './engine.ts';
import { type Site, until } from './engine-site.suite.ts';
import { type Followed, type FollowParts, followContainer } from './follow-container.ts';

export const followTests = (siteNow: () => Site) => {
  describe('a log that is followed', () => {
    const follow = (name: string, more: Partial<FollowParts> = {}) => {
      const site = siteNow();
      return followContainer({
        engine: () => site.engine,
        find: async (engine) => chooseNamed(await engine.list(site.deviceId), name, null),
        ...{ tail: 100, sinceMs: null, follow: true, now: Date.now, lookEveryMs: 50 },
        signal: AbortSignal.timeout(60_000),
        ...more,
      });
    };
    /** As a busy one: every other time it begins to follow long after it was asked to. */
    const slowly = (engine: Engine): Engine => {
      let opened = 0;
      return {
        ...engine,
        followLogs: async function* (id, signal) {
          opened += 1;
          if (opened % 2 === 1) await sleep(300);
          yield* engine.followLogs(id, signal);
        },
      };
    };
    const wordOf = (each: Followed): string =>
      each.kind === 'line' ? each.line.text : each.kind === 'note' ? each.note : each.reason;
    const named = (name: string) => ({ labels: { [labels.container]: name } });

    test('goes on through a stop, a start and a replacement, and loses and doubles no line', async () => {
      const site = siteNow();
      const counting = (from: number) =>
        `i=${from}; while :; do echo $i; i=$((i+1)); sleep 0.05; done`;
      const command = ['sh', '-c', counting(0)];
      const id = await site.start('counter', { command, ...named('counter') });
      await until(async () => (await site.engine.logs(id, { tail: 9 })).length > 5);
      const words: string[] = [];
      let stage = 0;
      const slow = slowly(site.engine);
      for await (const each of follow('counter', { engine: () => slow })) {
        words.push(wordOf(each));
        if (stage === 0 && words.length === 20) {
          stage = 1;
          await site.engine.stop(id, { graceMs: 0 });
        } else if (stage === 1 && words.at(-1) === 'stopped') {
          stage = 2;
          await site.engine.start(id);
        } else if (stage === 2 && words.at(-6) === 'started') {
          stage = 3;
          await site.engine.remove(id, { volumes: false });
          const next = { command: ['sh', '-c', counting(1_000)], ...named('counter') };
          await site.start('counter-2', next);
        } else if (stage === 3 && words.at(-1) === '1005') break;
      }
      const parts = words.join(' ').split(/ (?:stopped started|stopped replaced) /);
      expect(parts).toHaveLength(3);
      for (const part of parts) {
        const numbers = part.split(' ').map(Number);
        expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
      }
      expect(parts.map((part) => Number(part.split(' ')[0]))).toEqual([0, 0, 1_000]);
    });

    test('reads the last lines of one that ended, and says so when there is none', async () => {
      const site = siteNow();
      const command = ['sh', '-c', 'echo one; echo two >&2; echo three'];
      const id = await site.start('over', { command, ...named('over') });
      await until(async () => (await site.see(id)).state === 'exited' && true);
      const read = async (name: string, more: Partial<FollowParts> = {}): Promise<string[]> => {
        const words: string[] = [];
        for await (const each of follow(name, { follow: false, ...more })) words.push(wordOf(each));
        return words;
      };
      const all = await read('over');
      expect(all.toSorted()).toEqual(['complete', 'one', 'three', 'two']);
      expect(await read('over', { tail: 0 })).toEqual(['complete']);
      expect(await read('over', { sinceMs: Date.now() + 3_600_000 })).toEqual(['complete']);
      expect(await read('nobody')).toEqual(['container-not-found']);
      expect(await read('over', { engine: () => null })).toEqual(['engine-unreachable']);
    });
  });
};
