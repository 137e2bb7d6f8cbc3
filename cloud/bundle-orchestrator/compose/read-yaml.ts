/**
 * YAML from outside as a tree with places. Nothing in it is ever expanded: aliases, the stuff of bombs,
 * are refused where they stand, as are merges, other tags and a second document; size, depth and the
 * number of parts are bounded.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { Placed, PlacedFault } from '../core/placed.ts';

export const composeBytesMax = 64 * 1024;
const depthMax = 16;
const partsMax = 5_000;

export type ReadYaml =
  | { kind: 'read'; document: Placed }
  | { kind: 'refused'; faults: PlacedFault[] };

class Unreadable extends Error {
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

const placing = (lines: LineCounter) => {
  let parts = 0;
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const offsetOf = (node: Node | null): number => node?.range?.[0] ?? 0;
  const place = (node: Node | null, parentAt: number, depth: number): Placed => {
    const offset = node === null ? parentAt : offsetOf(node);
    parts += 1;
    if (parts > partsMax) throw new Unreadable(offset, `has more than ${partsMax} parts`);
    if (depth > depthMax) throw new Unreadable(offset, `is nested deeper than ${depthMax}`);
    if (isAlias(node)) throw new Unreadable(offset, 'aliases are not taken: write it out');
    if (isMap(node)) {
      const entries = node.items.map(({ key, value }) => {
        const keyNode = key as Node | null;
        const keyAt = place(keyNode, offset, depth + 1);
        if (keyAt.kind !== 'scalar') throw new Unreadable(offset, 'a key must be a text');
        const placed = place(value as Node | null, offsetOf(keyNode), depth + 1);
        return { key: String(keyAt.value), at: keyAt, value: placed };
      });
      return { ...at(offset), kind: 'map', entries };
    }
    if (isSeq(node)) {
      const items = node.items.map((item) => place(item as Node | null, offset, depth + 1));
      return { ...at(offset), kind: 'list', items };
    }
    const value = isScalar(node) ? node.value : null;
    if (value !== null && !['string', 'number', 'boolean'].includes(typeof value)) {
      throw new Unreadable(offset, 'is neither text, number, list nor mapping');
    }
    return { ...at(offset), kind: 'scalar', value: value as string | number | boolean | null };
  };
  return { at, place };
};

const refusedAt = (place: { line: number; column: number }, message: string): ReadYaml => ({
  kind: 'refused',
  faults: [{ ...place, path: '', message }],
});

export const readYaml = (text: string): ReadYaml => {
  const start = { line: 1, column: 1 };
  if (Buffer.byteLength(text) > composeBytesMax) {
    return refusedAt(start, `is larger than ${composeBytesMax} bytes`);
  }
  const lines = new LineCounter();
  const { at, place } = placing(lines);
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      version: '1.2',
      schema: 'core',
      merge: false,
    });
    const [wrong] = [...document.errors, ...document.warnings];
    if (wrong !== undefined) return refusedAt(at(wrong.pos[0]), wrong.message);
    return { kind: 'read', document: place(document.contents, 0, 0) };
  } catch (error) {
    if (error instanceof Unreadable) return refusedAt(at(error.offset), error.message);
    // The reader calls itself once per level: what is nested without end ends its stack.
    if (error instanceof RangeError) return refusedAt(start, `is nested deeper than ${depthMax}`);
    throw error;
  }
};
