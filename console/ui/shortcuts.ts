/**
 * Keys that act: single ones and `g x` sequences. They yield to fields, to dialogs and to any
 * modifier, so typing and the browser's own keys are never taken.
 */
export type Shortcut = { keys: string; title: string; run: () => void };

const sequenceMs = 1_200;

const isTyping = (event: KeyboardEvent): boolean => {
  const target = event.composedPath()[0];
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('input, textarea, select'))
  );
};

const dialogOpen = (): boolean =>
  document.querySelector('wa-dialog[open], wa-drawer[open]') !== null;

/** Listens until the returned function is called; `current` is asked at each key. */
export const listenForShortcuts = (current: () => readonly Shortcut[]): (() => void) => {
  let first = '';
  let since = 0;
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTyping(event) || dialogOpen()) return;
    const now = event.timeStamp;
    const keys = first !== '' && now - since < sequenceMs ? `${first} ${event.key}` : event.key;
    const found = current().find((shortcut) => shortcut.keys === keys);
    first = event.key === 'g' && found === undefined ? 'g' : '';
    since = now;
    if (found === undefined) return;
    event.preventDefault();
    found.run();
  };
  window.addEventListener('keydown', onKey);
  return () => window.removeEventListener('keydown', onKey);
};

/** `j`/`k` over the links marked `data-item` of the page: moves the focus, Enter is the link's own. */
export const moveInList = (step: 1 | -1): void => {
  const items = [...document.querySelectorAll<HTMLElement>('main [data-item]')];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? (step === 1 ? 0 : items.length - 1) : at + step;
  items[next]?.focus();
};
