/**
 * Does something when asked, though at most once in a while: the first time at once, what is asked for in between once
 * at its end. For hints that come in bursts and are answered by a request.
 */
const calmMs = 2_000;

export const calmly = (act: () => void, everyMs = calmMs): (() => void) => {
  let isResting = false;
  let isWanted = false;
  const run = (): void => {
    isWanted = false;
    isResting = true;
    act();
    setTimeout(() => {
      isResting = false;
      if (isWanted) run();
    }, everyMs);
  };
  return () => {
    if (isResting) isWanted = true;
    else run();
  };
};
