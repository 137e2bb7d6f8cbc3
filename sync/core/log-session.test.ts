import { expect, it } from 'vitest';
import { logLineMax, plainLogText } from './log-session.ts';

it('leaves text alone, also of other scripts, and its tabulators', () => {
  for (const text of ['', 'grün\t→ 100 %', '日本語 🚀', '<b>not bold</b> &amp;']) {
    expect(plainLogText(text)).toBe(text);
  }
});

it('takes colours, titles and cursor movements away, and shows what else can’t be printed', () => {
  expect(
    plainLogText('\u001b[31;1mred\u001b[0m \u001b]0;owned\u0007title \u001b[2J\u001bcend'),
  ).toBe('red title \ufffdcend');
  expect(plainLogText('a\u0000b\rc\u0008d\u009be\u202ef\u2066g')).toBe(
    'a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\ufffdg',
  );
});

it('cuts a long line with a mark, never in the middle of a character', () => {
  const cut = plainLogText('x'.repeat(logLineMax + 1));
  expect([cut.length, cut.at(-1)]).toEqual([logLineMax, '…']);
  const wide = plainLogText(`${'x'.repeat(logLineMax - 2)}🚀🚀🚀`);
  expect(wide.isWellFormed()).toBe(true);
  expect(wide.length).toBeLessThanOrEqual(logLineMax);
  expect(plainLogText('\u001b[0m'.repeat(100_000)).length).toBeLessThanOrEqual(logLineMax);
});
