/** Whether a NATS subject is one of those that a filter names. Pure. */

/** `*` stands for one word, `>` at the end for one or more. */
export const matchesSubject = (subject: string, filter: string): boolean => {
  const given = subject.split('.');
  const wanted = filter.split('.');
  return (
    wanted.every((token, index) =>
      token === '>'
        ? given.length > index
        : token === '*'
          ? index in given
          : token === given[index],
    ) &&
    (wanted.at(-1) === '>' || wanted.length === given.length)
  );
};
