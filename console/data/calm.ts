/**
 * Does something when asked, though not all the time: the first time at once, what is asked for meanwhile once
 * after a rest. One that is asked again and again rests longer each time, so that a single change is seen soon
 * and a fleet that has something to tell all the time costs a request every two seconds.
 */
const restMsMin = 250;
const restMsMax = 2_000;

export const calmly = (act: () => void): (() => void) => {
  let restMs = restMsMin;
  let isResting = false;
  let isWanted = false;
  const run = (): void => {
    isWanted = false;
    isResting = true;
    act();
    setTimeout(() => {
      isResting = false;
      restMs = isWanted ? Math.min(restMsMax, 2 * restMs) : restMsMin;
      if (isWanted) run();
    }, restMs);
  };
  return () => {
    if (isResting) isWanted = true;
    else run();
  };
};
