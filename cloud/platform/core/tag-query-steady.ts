/** Whether a query asks only for what people decide. Pure. */
import type { Query } from './tag-query.ts';

/** Asks for nothing that changes without anybody having decided it: alerts would come and go with it. */
export const isSteady = (query: Query): boolean => {
  switch (query.kind) {
    case 'and':
    case 'or':
      return query.parts.every(isSteady);
    case 'not':
      return isSteady(query.part);
    case 'present':
      return query.field === 'bundle';
    case 'tag':
    case 'tagged':
    case 'text':
      return true;
    case 'status':
    case 'seen':
    case 'health':
    case 'score':
      return false;
  }
};
