/** No tenant takes all that is taken at once, and what ended makes room. */
import { expect, it } from 'vitest';
import { atMost } from './at-most.ts';

const refused = { code: 'too-many-requests' };

it('refuses one tenant its third and everybody the fourth, until one of them ends', async () => {
  const taking = atMost({ max: 3, ofOneMax: 2, what: 'parts are being taken' });
  const ends: (() => void)[] = [];
  const begin = (tenantId: string) =>
    taking(tenantId, () => new Promise<string>((end) => ends.push(() => end(tenantId))));
  const one = [begin('one'), begin('one')];
  await expect(begin('one')).rejects.toMatchObject(refused);
  const other = begin('other');
  await expect(begin('third')).rejects.toMatchObject(refused);
  ends[0]?.();
  await expect(one[0]).resolves.toBe('one');
  const again = begin('one');
  for (const end of ends) end();
  await Promise.all([...one, other, again]);
});

it('has room again when what went on failed', async () => {
  const taking = atMost({ max: 1, ofOneMax: 1, what: 'parts are being taken' });
  const failing = taking('one', () => Promise.reject(new Error('cut')));
  await expect(failing).rejects.toThrow('cut');
  await expect(taking('one', async () => 'taken')).resolves.toBe('taken');
});
