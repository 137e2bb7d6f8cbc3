/** How reading a query is given up: thrown inside the parser, and never leaves it. */
import type { QueryFault } from './tag-query.ts';

export class Fault extends Error {
  readonly fault: QueryFault;

  constructor(fault: QueryFault) {
    super(fault.message);
    this.fault = fault;
  }
}
