import { describe, expect, it } from 'vitest';
import { refused } from './failures.ts';
import { readPodmanDigests } from './podman-images.ts';

/** Podman as it answered while other agents removed images: these words, then a list. */
const podman = (...words: string[]) => ({
  asked: 0,
  async call() {
    const message = words[this.asked];
    this.asked += 1;
    if (message !== undefined) throw refused('list images', { status: 500, message });
    return { status: 200, body: [{ Id: 'i1', Size: 1, Digest: 'sha256:d1' }] };
  },
});

describe('a list of images that another agent changes meanwhile', () => {
  it.each([
    'layer not known',
    'i1: image not known',
    'locating item named "manifest" for image with ID "80aee5e26f11" (consider removing the image to resolve the issue): file does not exist',
    'retrieving parent of image "41e515db20c6": reading data blob size "signature-50656c3fa715" for "41e515db20c6": size is not known',
  ])('is asked for again: %s', async (words) => {
    const engine = podman(words, words);
    const digestsOf = await readPodmanDigests(engine as never);
    expect(digestsOf('i1')).toEqual(['sha256:d1']);
    expect(engine.asked).toBe(3);
  });

  it('is not asked for again when something else is wrong', async () => {
    const engine = podman('database is locked');
    await expect(readPodmanDigests(engine as never)).rejects.toThrow('database is locked');
    expect(engine.asked).toBe(1);
  });
});
