/**
 * Client-side navigation over the History API: links are ordinary `<a href>`, so they open in new
 * tabs and work from the keyboard. What a page is for a path is the app's business.
 */
export type Router = {
  navigate: (href: string) => void;
  /** Changes the address without a new history entry and without a page change. */
  replace: (href: string) => void;
  stop: () => void;
};

const ordinaryClick = (event: MouseEvent): boolean =>
  event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;

const linkOf = (event: MouseEvent): HTMLAnchorElement | null => {
  for (const target of event.composedPath()) {
    if (target instanceof HTMLAnchorElement) return target;
  }
  return null;
};

/** `onChange` runs for every new address, first one excluded. Paths under /api and /docs are left alone. */
export const createRouter = (onChange: () => void): Router => {
  const navigate = (href: string): void => {
    history.pushState(null, '', href);
    onChange();
  };
  const onClick = (event: MouseEvent): void => {
    const link = linkOf(event);
    if (link === null || event.defaultPrevented || !ordinaryClick(event)) return;
    if (link.target !== '' || link.hasAttribute('download') || link.hash !== '') return;
    if (link.origin !== location.origin || /^\/(api|docs|openapi)/.test(link.pathname)) return;
    event.preventDefault();
    navigate(link.href);
  };
  document.addEventListener('click', onClick);
  window.addEventListener('popstate', onChange);
  return {
    navigate,
    replace: (href) => history.replaceState(null, '', href),
    stop: () => {
      document.removeEventListener('click', onClick);
      window.removeEventListener('popstate', onChange);
    },
  };
};

/** Tells a screen reader where it is and puts the focus at the top of the new page. */
export const announcePage = (
  title: string,
  region: HTMLElement,
  heading: HTMLElement | null,
): void => {
  document.title = `${title} · SignalBeam Edge`;
  region.textContent = title;
  if (heading === null) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
};
