/** A document as a tree that remembers where each part stands, so that a fault can be shown at its place. */
export type Placed = { line: number; column: number } & (
  | { kind: 'scalar'; value: string | number | boolean | null }
  | { kind: 'list'; items: Placed[] }
  | { kind: 'map'; entries: { key: string; at: Placed; value: Placed }[] }
);

/** Where (`services.web.ports[0]`, and line and column from 1) and why. */
export type PlacedFault = { line: number; column: number; path: string; message: string };
