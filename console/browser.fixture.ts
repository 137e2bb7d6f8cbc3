/**
 * Chromium for the consoles' tests. Every page it opens records what must not happen: an error, a
 * request that failed, an answer that was not asked for, a request to another origin.
 */
import { ensureConsole } from '@signalbeam/launcher/machine/console-build';
import axe from 'axe-core';
import { type Browser, chromium, type Page, type Request } from 'playwright-core';

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const openBrowser = async (
  executablePath: string,
  more: readonly string[] = [],
): Promise<Browser> => {
  await ensureConsole();
  return chromium.launch({ executablePath, args: [...flags, ...more] });
};

export type Watched = {
  page: Page;
  /** What went wrong so far, in words. */
  troubles: string[];
  /** Method and path of every request, in order. */
  requests: string[];
};

const isStream = (request: Request): boolean =>
  /\/stream$|^\/api\/devices\/[^/]+\/logs$/.test(new URL(request.url()).pathname);

/** What each page asked for and has no answer to; streams have no end to wait for. */
const pending = new WeakMap<Page, Set<Request>>();

/**
 * Follows every request to its end. A page may give one up in two ways: it closes a stream, or it is
 * left while it still asks. What ends early otherwise is a failure.
 */
const followRequests = (page: Page, failed: (request: Request) => void): void => {
  const open = new Set<Request>();
  const left = new WeakSet<Request>();
  pending.set(page, open);
  let leaving = false;
  page.on('request', (request) => {
    const leaves = request.isNavigationRequest() && request.frame() === page.mainFrame();
    if (leaves) for (const each of open) left.add(each);
    else if (leaving) left.add(request);
    leaving ||= leaves;
    if (!isStream(request)) open.add(request);
  });
  page.on('domcontentloaded', () => {
    leaving = false;
  });
  page.on('requestfinished', (request) => open.delete(request));
  page.on('requestfailed', (request) => {
    open.delete(request);
    const aborted = request.failure()?.errorText === 'net::ERR_ABORTED';
    if (!aborted || !(isStream(request) || left.has(request))) failed(request);
  });
};

export const watchedPage = async (
  browser: Browser,
  origin: string,
  options: { width?: number; dark?: boolean; expectedStatuses?: readonly number[] } = {},
): Promise<Watched> => {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1280, height: 800 },
    colorScheme: options.dark === true ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const troubles: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', ({ message }) => troubles.push(`error: ${message}`));
  page.on('console', (message) => {
    // Chromium writes every refused request there; those are judged by their status below.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      troubles.push(`console: ${message.text()}`);
  });
  followRequests(page, (request) => {
    troubles.push(`failed: ${request.url()} ${request.failure()?.errorText ?? ''}`);
  });
  page.on('response', (response) => {
    const status = response.status();
    if (status >= 400 && !(options.expectedStatuses ?? []).includes(status))
      troubles.push(`${status}: ${response.url()}`);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol === 'data:') return;
    requests.push(`${request.method()} ${url.pathname}`);
    if (url.origin !== origin) troubles.push(`foreign: ${url.origin}`);
  });
  return { page, troubles, requests };
};

const violations = async (page: Page): Promise<string[]> => {
  // Half a megabyte: once for each document, not for each look.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { axe: runner } = globalThis as unknown as { axe: typeof import('axe-core') };
    const found = await runner.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'],
      resultTypes: ['violations'],
    });
    return found.violations;
  });
  return found.map(({ id, nodes }) => {
    const each = nodes.map(({ html, failureSummary }) => `${html} (${failureSummary ?? ''})`);
    return `${id}: ${each.join(' | ')}`;
  });
};

/** All that was asked for is answered and drawn, and nothing fades any more, in no shadow tree either. */
const settled = async (page: Page): Promise<void> => {
  for (let open = pending.get(page); open !== undefined && open.size > 0; ) {
    const ends = [...open].map(async (request) => (await request.response())?.finished());
    await Promise.allSettled(ends);
  }
  await page.evaluate(async () => {
    for (let frame = 0; frame < 2; frame += 1)
      await new Promise((resolve) => requestAnimationFrame(resolve));
    const animationsIn = (root: Document | ShadowRoot): Animation[] => [
      ...root.getAnimations(),
      ...[...root.querySelectorAll('*')].flatMap(({ shadowRoot }) =>
        shadowRoot === null ? [] : animationsIn(shadowRoot),
      ),
    ];
    await Promise.allSettled(animationsIn(document).map(({ finished }) => finished));
  });
};

/**
 * Axe takes its time, and a page that is live may change under its eyes: half of an element seen
 * before and half after is no fault of the page. What is wrong with a page is found twice.
 */
const lastingViolations = async (page: Page): Promise<string[]> => {
  const found = await violations(page);
  if (found.length === 0) return [];
  await settled(page);
  const again = await violations(page);
  return again.length === 0 ? [] : [...again, `(at first: ${found.join('; ')})`];
};

/** The innermost elements that make the page scroll sideways. */
const tooWide = (page: Page, width: number): Promise<string[]> =>
  page.evaluate((wide) => {
    const root = document.documentElement;
    if (root.scrollWidth <= wide) return [];
    const beyond = [...document.querySelectorAll('body *')].filter(
      (each) => each.getBoundingClientRect().right > wide,
    );
    const innermost = beyond.filter((each) => !beyond.some((o) => o !== each && each.contains(o)));
    return [
      `${root.scrollWidth} pixels`,
      ...innermost.map(({ outerHTML }) => outerHTML.slice(0, 200)),
    ];
  }, width);

/** Accessible and without sideways scrolling, light and dark, on the smallest phone and at a desk. */
export const looksFor = async (page: Page, where: string): Promise<string[]> => {
  const found: string[] = [];
  for (const width of [1280, 320]) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of ['light', 'dark'] as const) {
      // By the console's own switch: the page has the colours in the same turn.
      await page.evaluate((theme) => {
        document.documentElement.dataset['theme'] = theme;
      }, colorScheme);
      await settled(page);
      for (const each of await tooWide(page, width))
        found.push(`${where} at ${width}, ${colorScheme}: wider than the screen: ${each}`);
      for (const each of await lastingViolations(page))
        found.push(`${where} at ${width}, ${colorScheme}: ${each}`);
    }
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.evaluate(() => {
    delete document.documentElement.dataset['theme'];
  });
  return found;
};
