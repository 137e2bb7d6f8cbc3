/** The order containers start in, and the circles that have none. */
import { describe, expect, it } from 'vitest';
import { startOrder } from './dependencies.ts';

const of = (text: string) =>
  text.split(' ').map((part) => {
    const [name = '', needs = ''] = part.split('<');
    return { name, dependsOn: needs === '' ? [] : needs.split(',') };
  });

describe('the order of starting', () => {
  it.each([
    ['a b c', 'a b c'],
    ['web<db db', 'db web'],
    ['web<api api<db,cache cache db', 'cache db api web'],
    ['a<z z b', 'z a b'],
    ['a<gone b', 'a b'],
  ])('of %s is %s', (bundle, order) => {
    expect(startOrder(of(bundle))).toEqual({ kind: 'ordered', names: order.split(' ') });
  });

  it.each([
    ['a<a', 'a a'],
    ['a<b b<a', 'a b a'],
    ['ok a<ok,b b<c c<a', 'a b c a'],
    ['web<a a<b b<a', 'a b a'],
  ])('does not exist in %s, which waits for itself along %s', (bundle, circle) => {
    expect(startOrder(of(bundle))).toEqual({ kind: 'cycle', names: circle.split(' ') });
  });
});
