/**
 * What may come next in a query that is being written, at the caret: for suggestions. It follows
 * the grammar (tag-query-parse.ts) loosely: a text with a fault behind it can still be helped.
 */
import { isFieldName } from './tag.ts';
import { cutWords, type Token } from './tag-query-words.ts';

export type Expected = {
  /** A condition, what follows its first word, one of its values, or a word between conditions. */
  kind: 'condition' | 'comparison' | 'value' | 'moment' | 'score' | 'chain' | 'nothing';
  /** Of a value: the key or field it is for, in lower case. */
  key: string;
  /** What is written of it so far, in lower case; and the place that a suggestion replaces. */
  prefix: string;
  start: number;
  end: number;
};

type State = { kind: Expected['kind']; key: string; list: boolean; open: number };

const afterWord = (state: State, word: string): State => {
  switch (state.kind) {
    case 'condition':
      return word === 'not' ? state : { ...state, kind: 'comparison', key: word };
    case 'comparison':
      if (word === 'and' || word === 'or') return { ...state, kind: 'condition', key: '' };
      if (state.key === 'lastseen') return { ...state, kind: 'moment' };
      if (word === 'below' || word === 'above') return { ...state, kind: 'score' };
      return word === 'in' ? { ...state, list: true } : state;
    case 'value':
      return state.list ? state : { ...state, kind: 'chain' };
    case 'moment':
    case 'score':
      return { ...state, kind: 'chain' };
    case 'chain':
    case 'nothing':
      return word === 'and' || word === 'or' ? { ...state, kind: 'condition', key: '' } : state;
  }
};

const after = (state: State, token: Token): State => {
  switch (token.kind) {
    case 'word':
    case 'quoted':
      return afterWord(state, token.text.toLowerCase());
    case '=':
    case '!=':
      return { ...state, kind: 'value', list: false };
    case '(':
      return state.list ? { ...state, kind: 'value' } : { ...state, open: state.open + 1 };
    case ')':
      return { ...state, kind: 'chain', list: false, open: state.open - (state.list ? 0 : 1) };
    case ',':
    case 'end':
      return state;
  }
};

/** `at` counts UTF-16 units, as a text field's caret does. */
export const expectedAt = (text: string, at: number): Expected => {
  const caret = Math.max(0, Math.min(at, text.length));
  const { tokens, fault } = cutWords(text.slice(0, caret));
  const before = tokens.slice(0, -1);
  const last = before.at(-1);
  const isTyping = last?.kind === 'word' && last.end === caret && fault === null;
  if (isTyping) before.pop();
  const start: State = { kind: 'condition', key: '', list: false, open: 0 };
  const state = before.reduce(after, start);
  const whole = isTyping ? cutWords(text).tokens.find((token) => token.start === last.start) : null;
  const isOpenQuote = fault !== null && text[fault.start] === '"' && state.kind === 'value';
  const place = isOpenQuote
    ? { prefix: text.slice(fault.start + 1, caret).toLowerCase(), start: fault.start, end: caret }
    : isTyping
      ? { prefix: last.text.toLowerCase(), start: last.start, end: whole?.end ?? caret }
      : { prefix: '', start: caret, end: caret };
  const kind = fault !== null && !isOpenQuote ? 'nothing' : state.kind;
  return { kind, key: state.key, ...place };
};

export type Word = { text: string; hint: string };

const conditionWords: readonly Word[] = [
  { text: 'status', hint: 'pending, approved, online, offline …' },
  { text: 'name', hint: 'the name of the device' },
  { text: 'site', hint: 'where it is' },
  { text: 'bundle', hint: 'what it shall run' },
  { text: 'version', hint: 'of a bundle that it shall run' },
  { text: 'lastSeen', hint: 'when it was last heard of' },
  { text: 'health', hint: 'how well it is: critical, below 70 …' },
  { text: 'NOT', hint: 'the opposite of what follows' },
];
const momentWords: readonly Word[] = [
  { text: '15m', hint: '15 minutes' },
  { text: '2h', hint: '2 hours' },
  { text: '7d', hint: '7 days' },
];
const scoreWords: readonly Word[] = [
  { text: '70', hint: 'healthy from here on' },
  { text: '40', hint: 'degraded from here on, critical below' },
];
const chainWords: readonly Word[] = [
  { text: 'AND', hint: 'both' },
  { text: 'OR', hint: 'one of them or both' },
];
const scoreComparisons: readonly Word[] = [
  { text: 'below', hint: 'a score of 0 to 100' },
  { text: 'above', hint: 'a score of 0 to 100' },
];
const comparisonWords = (key: string): readonly Word[] => {
  if (key === 'lastseen') {
    return [
      { text: 'within', hint: 'in the last …' },
      { text: 'before', hint: 'a time, or so long ago' },
      { text: 'after', hint: 'a time, or so long ago' },
    ];
  }
  const alone = isFieldName(key) ? [] : chainWords;
  return [
    { text: '=', hint: 'is' },
    { text: '!=', hint: 'is not' },
    { text: 'IN (', hint: 'is one of' },
    ...(key === 'health' ? scoreComparisons : []),
    ...alone,
  ];
};

/** The words of the language that may stand there; keys and values come from the tenant's tags. */
export const wordsAt = (expected: Expected): Word[] => {
  const words = {
    condition: conditionWords,
    comparison: comparisonWords(expected.key),
    moment: momentWords,
    score: scoreWords,
    chain: chainWords,
    value: [],
    nothing: [],
  }[expected.kind];
  return words.filter(({ text }) => text.toLowerCase().startsWith(expected.prefix));
};
