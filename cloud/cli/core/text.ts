/**
 * Text from elsewhere on a terminal: made harmless (a name must not move the cursor), measured in
 * the columns that it takes, and cut to a width.
 */
/** Control characters, and those that turn the direction of what follows. */
const unprintable = /[\p{Cc}\u2028-\u202e\u2066-\u2069\ufeff]/gu;
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

export const harmless = (text: string): string => text.replace(unprintable, '\ufffd');

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const partsOf = (text: string): string[] =>
  [...graphemes.segment(text)].map(({ segment }) => segment);
const columnsOf = (part: string): number => (wide.test(part) ? 2 : 1);

export const widthOf = (text: string): number =>
  /^[ -~]*$/.test(text)
    ? text.length
    : partsOf(text).reduce((sum, part) => sum + columnsOf(part), 0);

/** At most `width` columns; what was cut off shows as `…`. */
export const fitTo = (text: string, width: number): string => {
  if (widthOf(text) <= width) return text;
  let kept = '';
  let used = 1;
  for (const part of partsOf(text)) {
    used += columnsOf(part);
    if (used > width) break;
    kept += part;
  }
  return `${kept}…`;
};

export const padTo = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - widthOf(text)));
