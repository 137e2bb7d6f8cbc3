/** A call ends with its answer, at its deadline or by its caller, also if it listens to nobody. */
import { expect, test } from 'vitest';
import { withDeadline } from './deadline.ts';

const never = () => new Promise<never>(() => undefined);

test('gives the answer, and the failure as it was', async () => {
  const call = { what: 'ask', timeoutMs: 1_000 };
  await expect(withDeadline(call, async () => 7)).resolves.toBe(7);
  const failing = withDeadline(call, () => Promise.reject(new Error('refused')));
  await expect(failing).rejects.toThrow('refused');
});

test('ends what does not listen, at the deadline', async () => {
  const late = withDeadline({ what: 'list containers', timeoutMs: 20 }, never);
  await expect(late).rejects.toMatchObject({
    code: 'engine-timeout',
    message: expect.stringContaining('list containers'),
  });
});

test('ends with the caller’s own reason, before or during the call', async () => {
  const before = AbortSignal.abort(new Error('before'));
  let called = false;
  const act = async () => {
    called = true;
  };
  const call = { what: 'ask', timeoutMs: 1_000 };
  await expect(withDeadline({ ...call, signal: before }, act)).rejects.toThrow('before');
  expect(called).toBe(false);
  const during = new AbortController();
  const running = withDeadline({ ...call, signal: during.signal }, never);
  during.abort(new Error('during'));
  await expect(running).rejects.toThrow('during');
});

test('says the deadline, not what the library made of the abort', async () => {
  const act = (signal: AbortSignal) =>
    new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('AbortError')));
    });
  const call = withDeadline({ what: 'ask', timeoutMs: 20 }, act);
  await expect(call).rejects.toMatchObject({ code: 'engine-timeout' });
});
