/**
 * Copies the text of an element that is on the page. On plain http there is no clipboard, but the
 * old command still works on a selection; where even that is refused the text stays selected and the
 * words say which keys finish the job.
 */
const oldCopy = (): boolean => {
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  }
};

/** What to say on the button afterwards. */
export const copyText = async (element: Element): Promise<string> => {
  getSelection()?.selectAllChildren(element);
  const text = element.textContent ?? '';
  try {
    if (navigator.clipboard === undefined) throw new Error('no clipboard');
    await navigator.clipboard.writeText(text);
    return 'Copied';
  } catch {
    if (oldCopy()) return 'Copied';
    return /Mac|iPhone|iPad/.test(navigator.userAgent) ? 'Press ⌘C' : 'Press Ctrl+C';
  }
};
