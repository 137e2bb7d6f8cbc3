/** Host paths, ports and sizes as people write them. Null where one is not like that. Pure. */

export const pathsOf = (words: readonly string[]): { path: string; writable: boolean }[] =>
  words.map((word) => {
    const writable = word.endsWith(':rw');
    return { path: writable ? word.slice(0, -':rw'.length) : word, writable };
  });

/** `443`, `8000-8999`. */
export const portsOf = (words: readonly string[]): { from: number; to: number }[] | null => {
  const found = words.map((word) => /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(word));
  if (found.includes(null)) return null;
  return found.map((match) => {
    const from = Number(match?.[1]);
    return { from, to: match?.[2] === undefined ? from : Number(match[2]) };
  });
};

const units: Record<string, number> = { '': 1, Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 };

/** `536870912`, `512Mi`, `1.5Gi`. */
export const bytesOf = (text: string): number | null => {
  const match = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi)?$/.exec(text);
  return match === null ? null : Math.round(Number(match[1]) * (units[match[2] ?? ''] ?? 1));
};
