/** One condition of a query: which field or key, compared how, with what. Part of the parser. */
import { type HealthLevel, healthWords } from './health-level.ts';
import { isFieldName, isKeyword } from './tag.ts';
import { type Pattern, type Query, type Status, statuses, type TextField } from './tag-query.ts';
import { durationOf, momentOf } from './tag-query-time.ts';
import type { Token } from './tag-query-words.ts';

export type Reader = {
  peek: () => Token;
  take: () => Token;
  fail: (message: string, token: Token) => never;
};

const valuesMax = 50;

const is = (token: Token, keyword: string): boolean =>
  token.kind === 'word' && token.text.toLowerCase() === keyword;

/** In quotes `*` is a star; elsewhere it stands for anything. */
const patternOf = (token: Token): Pattern => {
  const text = token.text.toLowerCase();
  return token.kind === 'quoted' ? [text] : text.split(/\*+/);
};

const readValue = (reader: Reader): Token => {
  const token = reader.peek();
  if (token.kind !== 'word' && token.kind !== 'quoted') {
    reader.fail('A value is missing here.', token);
  }
  if (token.kind === 'word' && isKeyword(token.text)) {
    reader.fail(
      `A value is missing before ${token.text}; put the word in quotes if it is one.`,
      token,
    );
  }
  if (token.text === '') reader.fail('A value is not empty.', token);
  return reader.take();
};

const readList = (reader: Reader): Token[] => {
  if (reader.peek().kind !== '(') reader.fail('( is expected after IN.', reader.peek());
  reader.take();
  const values = [readValue(reader)];
  while (reader.peek().kind === ',') {
    reader.take();
    values.push(readValue(reader));
    if (values.length > valuesMax) {
      reader.fail(`IN takes at most ${valuesMax} values.`, reader.peek());
    }
  }
  if (reader.peek().kind !== ')') reader.fail(', or ) is expected here.', reader.peek());
  reader.take();
  return values;
};

type Compared = { negated: boolean; values: Token[] };

/** `= x`, `!= x`, `IN (…)`, `NOT IN (…)`; null when the word stands alone. */
const readComparison = (reader: Reader): Compared | null => {
  const token = reader.peek();
  if (token.kind === '=' || token.kind === '!=') {
    reader.take();
    return { negated: token.kind === '!=', values: [readValue(reader)] };
  }
  const isNot = is(token, 'not');
  if (isNot) {
    reader.take();
    if (!is(reader.peek(), 'in')) reader.fail('IN is expected after NOT here.', reader.peek());
  }
  if (!is(reader.peek(), 'in')) return null;
  reader.take();
  return { negated: isNot, values: readList(reader) };
};

const statusOf = (reader: Reader, token: Token): Status => {
  const found = statuses.find((status) => status === token.text.toLowerCase());
  return found ?? reader.fail(`A status is one of ${statuses.join(', ')}.`, token);
};

const readMoment = (reader: Reader, word: 'before' | 'after' | 'within'): Query => {
  const value = reader.peek();
  if (value.kind !== 'word' && value.kind !== 'quoted') {
    reader.fail(`A ${word === 'within' ? 'duration such as 15m' : 'time'} is missing here.`, value);
  }
  reader.take();
  if (word === 'within') {
    const ms = durationOf(value.text);
    if (ms !== null) return { kind: 'seen', when: 'after', moment: { kind: 'ago', ms } };
    return reader.fail('A duration is a number and s, m, h, d or w, such as 15m.', value);
  }
  const moment = momentOf(value.text);
  if (moment !== null) return { kind: 'seen', when: word, moment };
  return reader.fail('A time is a date such as 2026-01-31, or so long ago, such as 2h.', value);
};

const readSeen = (reader: Reader): Query => {
  const how = reader.peek();
  const word = how.kind === 'word' ? how.text.toLowerCase() : '';
  if (word === 'before' || word === 'after' || word === 'within') {
    reader.take();
    return readMoment(reader, word);
  }
  if (how.kind === '=' || how.kind === '!=' || word === 'in' || word === 'not') {
    reader.fail('lastSeen is followed by before, after or within.', how);
  }
  return { kind: 'present', field: 'lastseen' };
};

const levelOf = (reader: Reader, token: Token): HealthLevel =>
  healthWords.find((word) => word === token.text.toLowerCase()) ??
  reader.fail(`A health is one of ${healthWords.join(', ')}.`, token);

/** Of `health below 70`; null where something else follows. */
const readScore = (reader: Reader): Query | null => {
  const how = reader.peek();
  const word = how.kind === 'word' ? how.text.toLowerCase() : '';
  if (word !== 'below' && word !== 'above') return null;
  reader.take();
  const value = reader.peek();
  const score = value.kind === 'word' && /^\d{1,3}$/.test(value.text) ? Number(value.text) : 101;
  if (score > 100) return reader.fail('A score is a number from 0 to 100.', value);
  reader.take();
  return { kind: 'score', when: word, score };
};

const ofField = (reader: Reader, field: string, compared: Compared | null, word: Token): Query => {
  if (field === 'status') {
    if (compared === null) {
      return reader.fail(
        `Say which: status=${statuses[3]}, or another of ${statuses.join(', ')}.`,
        word,
      );
    }
    return { kind: 'status', values: compared.values.map((value) => statusOf(reader, value)) };
  }
  if (field === 'health') {
    if (compared === null) {
      return reader.fail('Say which: health=critical, or health below 70.', word);
    }
    return { kind: 'health', levels: compared.values.map((value) => levelOf(reader, value)) };
  }
  if (compared !== null) {
    return { kind: 'text', field: field as TextField, values: compared.values.map(patternOf) };
  }
  if (field === 'bundle') return { kind: 'present', field };
  return reader.fail(`Every device has a ${field}: write ${field}= and the one you mean.`, word);
};

const ofKey = (reader: Reader, compared: Compared | null, word: Token): Query => {
  if (compared === null) return { kind: 'tagged', word: patternOf(word) };
  if (word.text.includes('*')) reader.fail('A key takes no *; only values do.', word);
  return { kind: 'tag', key: word.text.toLowerCase(), values: compared.values.map(patternOf) };
};

/** Reads from the first word of a condition, which the caller saw. */
export const conditionOf = (reader: Reader): Query => {
  const word = reader.take();
  const name = word.text.toLowerCase();
  if (name === 'lastseen') return readSeen(reader);
  const scored = name === 'health' ? readScore(reader) : null;
  if (scored !== null) return scored;
  const compared = readComparison(reader);
  const query = isFieldName(name)
    ? ofField(reader, name, compared, word)
    : ofKey(reader, compared, word);
  return compared?.negated === true ? { kind: 'not', part: query } : query;
};
