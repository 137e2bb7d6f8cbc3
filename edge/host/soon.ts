/** Many calls in one turn of the event loop, one run after it. */
export const soon = (run: () => void): (() => void) => {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    setImmediate(() => {
      due = false;
      run();
    });
  };
};
