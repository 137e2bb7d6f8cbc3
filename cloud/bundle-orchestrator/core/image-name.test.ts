import { describe, expect, it } from 'vitest';
import { isImageName, parseImageTag } from './image-name.ts';
import { nameImage } from './named-image.ts';

describe('the name of an image', () => {
  it.each([
    ['probe:1', 'probe', '1'],
    ['localhost/probe:1', 'probe', '1'],
    ['docker.io/library/nginx:1.27', 'nginx', '1.27'],
    ['docker.io/team/app:v1', 'team/app', 'v1'],
    ['registry.example:5000/team/app', 'team/app', null],
    ['team/app:latest', 'team/app', 'latest'],
    [`team/app:1@sha256:${'a'.repeat(64)}`, 'team/app', '1'],
  ])('in %s is %s with the tag %s', (text, name, tag) => {
    expect(parseImageTag(text)).toEqual({ name, tag });
  });

  it.each(['', ':latest', 'Upper/case:1', '../x:1', 'a//b:1', 'a:bad tag', '/etc/passwd'])(
    'is not taken from %j',
    (text) => {
      expect(parseImageTag(text)).toBeNull();
    },
  );

  it('has limits', () => {
    expect(isImageName('a'.repeat(200))).toBe(true);
    expect(isImageName('a'.repeat(201))).toBe(false);
    expect(isImageName('team/../app')).toBe(false);
  });
});

describe('naming an uploaded image', () => {
  const found = { names: ['localhost/probe:1', 'probe:2', 'other:3'], bareTags: ['latest'] };

  it('takes the name from the archive, with the tags of that name', () => {
    expect(nameImage(found, null)).toEqual({ name: 'probe', tags: ['1', '2', 'latest'] });
  });

  it('prefers the name that the uploader gives and keeps all tags', () => {
    expect(nameImage(found, 'team/app')).toEqual({
      name: 'team/app',
      tags: ['1', '2', '3', 'latest'],
    });
  });

  it('says so when there is none', () => {
    expect(nameImage({ names: ['UPPER:1'], bareTags: ['latest'] }, null)).toBeNull();
  });
});
