import { describe, expect, it } from 'vitest';
import {
  changeFirst,
  fieldOf,
  findingsAt,
  firstContainer,
  nextVersion,
  portsFrom,
  syntaxFinding,
} from './version-draft.ts';

const draft = JSON.stringify([
  { name: 'web', image: 'a', ports: [{ hostPort: 80, containerPort: 8080 }], restart: 'no' },
  { name: 'helper', image: 'b' },
]);

describe('a version being written', () => {
  it('shows the first container and changes only what it is told to', () => {
    expect(firstContainer(draft)).toEqual({ image: 'a', ports: '80:8080', restart: 'no' });
    const changed = JSON.parse(changeFirst(draft, { image: 'c' }) ?? '');
    expect(changed).toEqual([
      { name: 'web', image: 'c', ports: [{ hostPort: 80, containerPort: 8080 }], restart: 'no' },
      { name: 'helper', image: 'b' },
    ]);
  });

  it('has nothing to show or change in what is no list of containers', () => {
    for (const broken of ['', '{', '{}', '[]', '[1]']) {
      expect(firstContainer(broken)).toBeNull();
      expect(changeFirst(broken, { image: 'c' })).toBeNull();
    }
  });

  it('puts a finding where its field is, and all others at the JSON', () => {
    expect(fieldOf('version')).toBe('version');
    expect(fieldOf('containers[0].image')).toBe('image');
    expect(fieldOf('containers[0].ports[1].hostPort')).toBe('ports');
    expect(fieldOf('containers[1].image')).toBe('json');
    expect(fieldOf('containers[0].imageName')).toBe('json');
    const found = findingsAt([{ path: 'containers[0].restart', message: 'no' }], 'restart');
    expect(found).toHaveLength(1);
  });

  it('reads ports as people write them', () => {
    expect(portsFrom('')).toEqual([]);
    expect(portsFrom('8090:8080, 53:53/udp')).toEqual([
      { hostPort: 8090, containerPort: 8080, protocol: 'tcp' },
      { hostPort: 53, containerPort: 53, protocol: 'udp' },
    ]);
    expect(portsFrom('8090')).toBeNull();
  });

  it('says in which line the JSON breaks', () => {
    const broken = '[\n  {\n    "a": 1,,\n  }\n]';
    try {
      JSON.parse(broken);
      expect.unreachable();
    } catch (cause) {
      expect(syntaxFinding(broken, cause).path).toBe('line 3');
    }
  });

  it('proposes the next patch', () => {
    expect(nextVersion('1.4.9')).toBe('1.4.10');
    expect(nextVersion('1.4.0-rc.1')).toBe('');
  });
});
