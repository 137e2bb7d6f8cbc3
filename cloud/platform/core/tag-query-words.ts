/**
 * Cuts the text of a query into words and signs, each with its place. It knows nothing of what
 * follows what; a sign that is in no query at all is refused here.
 */
import type { QueryFault } from './tag-query.ts';

export type Token = {
  kind: 'word' | 'quoted' | '(' | ')' | ',' | '=' | '!=' | 'end';
  /** As written; of a quoted text what is between the quotes, freed of its escapes. */
  text: string;
  start: number;
  end: number;
};

export type Cut = { tokens: Token[]; fault: QueryFault | null };

const wordSign = /[\p{L}\p{M}\p{N}_.*:@/+-]/u;
const space = /\s/;

const fault = (message: string, start: number, end: number): QueryFault => ({
  message,
  start,
  end,
});

type Step = { token: Token } | { fault: QueryFault };

const readQuoted = (text: string, start: number): Step => {
  let inside = '';
  for (let at = start + 1; at < text.length; at += 1) {
    const sign = text[at] ?? '';
    if (sign === '"') return { token: { kind: 'quoted', text: inside, start, end: at + 1 } };
    if (sign !== '\\') {
      inside += sign;
      continue;
    }
    const next = text[at + 1];
    if (next !== '"' && next !== '\\') {
      return {
        fault: fault('After \\ only " or \\ may stand.', at, Math.min(at + 2, text.length)),
      };
    }
    inside += next;
    at += 1;
  }
  return { fault: fault('This quote is not closed.', start, text.length) };
};

const readWord = (text: string, start: number): Token => {
  let end = start;
  for (const sign of text.slice(start)) {
    if (!wordSign.test(sign)) break;
    end += sign.length;
  }
  return { kind: 'word', text: text.slice(start, end), start, end };
};

const readSign = (text: string, start: number): Step => {
  const sign = String.fromCodePoint(text.codePointAt(start) ?? 0);
  if (sign === '"') return readQuoted(text, start);
  if (text.startsWith('!=', start)) {
    return { token: { kind: '!=', text: '!=', start, end: start + 2 } };
  }
  if (sign === '(' || sign === ')' || sign === ',' || sign === '=') {
    return { token: { kind: sign, text: sign, start, end: start + 1 } };
  }
  if (wordSign.test(sign)) return { token: readWord(text, start) };
  const message =
    sign === "'"
      ? 'Quote with " instead.'
      : sign === '!'
        ? '! stands only in !=; write NOT in front of a condition.'
        : `${sign} stands in no query unless it is quoted.`;
  return { fault: fault(message, start, start + sign.length) };
};

/** The tokens up to the first fault; always ends with an `end`. */
export const cutWords = (text: string): Cut => {
  const tokens: Token[] = [];
  let at = 0;
  let found: QueryFault | null = null;
  while (at < text.length && found === null) {
    if (space.test(text[at] ?? '')) {
      at += 1;
      continue;
    }
    const step = readSign(text, at);
    if ('fault' in step) found = step.fault;
    else {
      tokens.push(step.token);
      at = step.token.end;
    }
  }
  tokens.push({ kind: 'end', text: '', start: text.length, end: text.length });
  return { tokens, fault: found };
};
