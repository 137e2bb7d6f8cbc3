/**
 * Reads a query as people write it:
 *
 *   or   := and ("OR" and)*          and  := not ("AND" not)*        not := "NOT" not | primary
 *   primary := "(" or ")" | condition
 *   condition := word | word ("=" | "!=") value | word ["NOT"] "IN" "(" value ("," value)* ")"
 *              | "lastSeen" ("before" | "after") moment | "lastSeen" "within" duration
 *
 * NOT binds closer than AND, AND closer than OR. Every refusal says in words what was expected, and
 * where. Not here: what a condition means (tag-query-match.ts).
 */
import { isKeyword } from './tag.ts';
import { nestingMax, type ParsedQuery, type Query, queryLengthMax, termsMax } from './tag-query.ts';
import { conditionOf, type Reader } from './tag-query-condition.ts';
import { Fault } from './tag-query-fault.ts';
import { cutWords, type Token } from './tag-query-words.ts';

const is = (token: Token, keyword: string): boolean =>
  token.kind === 'word' && token.text.toLowerCase() === keyword;

const createReader = (text: string): Reader & { nesting: number; terms: number } => {
  const { tokens, fault } = cutWords(text);
  const end = tokens.at(-1) as Token;
  let at = 0;
  return {
    nesting: 0,
    terms: 0,
    peek: () => tokens[at] ?? end,
    take: () => {
      const token = tokens[at] ?? end;
      // Where the words end because one could not be read, that is what is wrong.
      if (token.kind === 'end' && fault !== null) throw new Fault(fault);
      at += 1;
      return token;
    },
    fail: (message, token) => {
      if (token.kind === 'end' && fault !== null) throw new Fault(fault);
      throw new Fault({ message, start: token.start, end: token.end });
    },
  };
};

type State = ReturnType<typeof createReader>;

const deeper = <T>(state: State, token: Token, read: () => T): T => {
  if (state.nesting >= nestingMax) {
    state.fail(`At most ${nestingMax} NOTs and brackets may stand inside one another.`, token);
  }
  state.nesting += 1;
  const result = read();
  state.nesting -= 1;
  return result;
};

const readGroup = (state: State, open: Token): Query => {
  if (state.peek().kind === ')') state.fail('A condition is missing between the brackets.', open);
  const query = readOr(state);
  if (state.peek().kind !== ')') {
    const found = state.peek();
    // The bracket is what has no partner, wherever its content ends.
    if (found.kind === 'end') state.take();
    state.fail('AND, OR or ) is expected here.', found);
  }
  state.take();
  return query;
};

const readPrimary = (state: State): Query => {
  const token = state.peek();
  if (token.kind === '(') {
    state.take();
    return deeper(state, token, () => readGroup(state, token));
  }
  if (token.kind === 'end') state.fail('A condition is missing here.', token);
  if (token.kind === 'word' && isKeyword(token.text)) {
    state.fail(`A condition is missing before ${token.text}.`, token);
  }
  if (token.kind !== 'word') {
    const hint =
      token.kind === 'quoted'
        ? 'A key or field comes first, without quotes'
        : 'A condition is expected here';
    state.fail(`${hint}, such as environment=production.`, token);
  }
  state.terms += 1;
  if (state.terms > termsMax) state.fail(`A query has at most ${termsMax} conditions.`, token);
  return conditionOf(state);
};

const readNot = (state: State): Query => {
  const token = state.peek();
  if (!is(token, 'not')) return readPrimary(state);
  state.take();
  return { kind: 'not', part: deeper(state, token, () => readNot(state)) };
};

const readChain = (state: State, kind: 'and' | 'or', readPart: () => Query): Query => {
  const parts = [readPart()];
  while (is(state.peek(), kind)) {
    state.take();
    parts.push(readPart());
  }
  return parts.length === 1 ? (parts[0] as Query) : { kind, parts };
};

const readOr = (state: State): Query =>
  readChain(state, 'or', () => readChain(state, 'and', () => readNot(state)));

const readAll = (text: string): Query => {
  if (text.length > queryLengthMax) {
    throw new Fault({
      message: `A query has at most ${queryLengthMax} characters.`,
      start: queryLengthMax,
      end: text.length,
    });
  }
  const state = createReader(text);
  const first = state.peek();
  if (first.kind === 'end')
    state.fail('The query is empty; write a condition such as site=plant-7.', first);
  const query = readOr(state);
  const rest = state.peek();
  if (rest.kind === ')') state.fail('This bracket was not opened.', rest);
  if (rest.kind !== 'end') state.fail('AND or OR is expected before this.', rest);
  state.take();
  return query;
};

export const parseQuery = (text: string): ParsedQuery => {
  try {
    return { kind: 'query', query: readAll(text) };
  } catch (error) {
    if (error instanceof Fault) return { kind: 'fault', fault: error.fault };
    throw error;
  }
};
