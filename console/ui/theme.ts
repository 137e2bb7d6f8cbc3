/** Light, dark, or as the system: one attribute on the root and one remembered word. */
export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const key = 'signalbeam-theme';

const isTheme = (value: unknown): value is Theme => themes.some((theme) => theme === value);

/** Storage may be refused (private windows): then the choice lasts for this page only. */
export const readTheme = (): Theme => {
  try {
    const stored = localStorage.getItem(key);
    return isTheme(stored) ? stored : 'system';
  } catch {
    return 'system';
  }
};

export const applyTheme = (theme: Theme): void => {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  document.dispatchEvent(new CustomEvent('theme-change'));
  try {
    localStorage.setItem(key, theme);
  } catch {
    // Not remembered, still applied.
  }
};
