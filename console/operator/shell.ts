/**
 * The frame around every page: who is signed in, where one can go, how fresh the data is. It owns
 * the address, the keys and the focus; pages own their content.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { dropAllDrafts } from '../data/drafts.ts';
import type { FleetApi } from '../data/fleet-api.ts';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import type { LinkState, LiveStream } from '../data/stream.ts';
import type { User } from '../data/types.ts';
import '../ui/link-pill.ts';
import '../ui/theme-switch.ts';
import { type IconName, icon } from '../ui/icons.ts';
import type { Params } from '../ui/match.ts';
import { errorNotice, notice } from '../ui/notice.ts';
import { announcePage, createRouter, type Router } from '../ui/router.ts';
import { shortcutSheet } from '../ui/shortcut-sheet.ts';
import { listenForShortcuts, moveInList, type Shortcut } from '../ui/shortcuts.ts';
import { type App, asError } from './app.ts';
import { pathTo } from './paths.ts';
import { type Route, routeOf } from './routes.ts';
import './accept-invitation.ts';
import './sign-up.ts';
import './sign-in.ts';
import './session-over.ts';

type PageElement = HTMLElement & { app: App; params: Params };

type Section = { key: Route['section']; label: string; href: string; icon: IconName };
const sections: readonly Section[] = [
  { key: 'fleet', label: 'Fleet', href: pathTo.fleet(), icon: 'router' },
  { key: 'groups', label: 'Groups', href: pathTo.groups(), icon: 'layers' },
  { key: 'sites', label: 'Sites', href: pathTo.sites(), icon: 'server' },
  { key: 'bundles', label: 'Bundles', href: pathTo.bundles(), icon: 'box' },
  { key: 'rollouts', label: 'Rollouts', href: pathTo.rollouts(), icon: 'rocket' },
  { key: 'alerts', label: 'Alerts', href: pathTo.alerts(), icon: 'alert' },
  { key: 'tokens', label: 'Tokens', href: pathTo.tokens(), icon: 'lock' },
  { key: 'account', label: 'Account', href: pathTo.account(), icon: 'user' },
];
/** A phone's bar has room for these and for a button that holds the others. */
const onPhones: ReadonlySet<Route['section']> = new Set(['fleet', 'bundles', 'rollouts', 'alerts']);

const askAgainMs = 3_000;

export class OperatorShell extends LitElement {
  static override properties = {
    user: { state: true },
    page: { state: true },
    section: { state: true },
    link: { state: true },
    sheet: { state: true },
    missing: { state: true },
    unloaded: { state: true },
    ended: { state: true },
    unanswered: { state: true },
  };
  api!: FleetApi;
  openStream!: () => LiveStream;
  /** undefined while it is not known yet. */
  user: User | null | undefined = undefined;
  page: PageElement | null = null;
  section: Route['section'] = 'none';
  link: LinkState = { kind: 'connecting', dataFrom: null };
  sheet = false;
  missing = false;
  /** The page's code could not be fetched: offline, or a newer console was installed meanwhile. */
  unloaded = false;
  /** The session is over; the page stays for whoever signs in again. */
  ended = false;
  /** Who is signed in could not be asked: nobody is sent to sign in for that. */
  unanswered: ApiError | null = null;
  /** Of alerts that nobody has taken on: shown wherever one is. */
  #counts = createResource(this, () => this.api.alertCounts(), 'when-asked');
  #router!: Router;
  #stream: LiveStream | null = null;
  #shown = '';

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#router = createRouter(() => void this.#show());
    listenForShortcuts(() => (this.user && !this.ended ? this.#shortcuts() : []));
    void this.#recognise();
  }

  async #recognise(): Promise<void> {
    try {
      const user = await this.api.me();
      this.unanswered = null;
      this.#signedIn(user);
    } catch (error) {
      const failed = asError(error);
      const isNobody = failed.status >= 400 && failed.status < 500;
      this.unanswered = isNobody ? null : failed;
      if (isNobody) this.user = null;
      else setTimeout(() => void this.#recognise(), askAgainMs);
    }
  }

  #signedIn(user: User): void {
    this.user = user;
    this.#stream = this.openStream();
    this.link = this.#stream.state();
    this.#counts.refresh();
    this.#stream.onEvent(({ type }) => {
      if (type === 'alert') this.#counts.refresh();
    });
    this.#stream.onResync(() => this.#counts.refresh());
    this.#stream.onState((state) => {
      this.link = state;
      // Most likely it was not there because nothing was.
      if (state.kind === 'live' && this.unloaded) void this.#show();
    });
    this.#shown = '';
    void this.#show();
  }

  /** The server takes this session no more. What is on the page is kept for the same person. */
  sessionEnded(): void {
    if (!this.user || this.page === null) {
      this.signedOut();
      return;
    }
    this.ended = true;
    this.#stream?.halt();
  }

  #signedInAgain(user: User): void {
    if (user.id !== this.user?.id || user.tenantId !== this.user.tenantId) {
      this.signedOut();
      this.#signedIn(user);
      return;
    }
    this.ended = false;
    this.#stream?.again();
  }

  /** Signed out: everything shown belonged to that session. */
  signedOut(): void {
    dropAllDrafts();
    this.ended = false;
    this.#stream?.close();
    this.#stream = null;
    this.page = null;
    this.user = null;
  }

  async #show(): Promise<void> {
    // Nobody is signed in: the address says which of the doors it is.
    if (this.user === null) return this.requestUpdate();
    if (!this.user || this.#stream === null) return;
    const found = routeOf(location.pathname);
    this.missing = found === null;
    this.unloaded = false;
    if (found === null) {
      this.page = null;
      this.section = 'none';
      // No page asks for news here; the line itself still says how it stands.
      this.#stream.listen([]);
      return;
    }
    const address = location.pathname + location.search;
    if (this.#shown === address && this.page !== null) return;
    this.#shown = address;
    try {
      await found.route.load();
    } catch {
      if (this.#shown === address) this.#failedToLoad(found.route);
      return;
    }
    if (this.#shown !== address) return;
    this.unloaded = false;
    const page = document.createElement(found.route.tag) as PageElement;
    page.app = this.#app(this.user, this.#stream);
    page.params = found.params;
    this.page = page;
    this.section = found.route.section;
    window.scrollTo(0, 0);
    await this.updateComplete;
    await (page as unknown as LitElement).updateComplete;
    this.#announce(found.route.title);
  }

  #failedToLoad(route: Route): void {
    this.unloaded = true;
    this.page = null;
    this.section = route.section;
    this.#shown = '';
  }

  #announce(title: string): void {
    const region = this.querySelector<HTMLElement>('#where');
    const heading = this.querySelector<HTMLElement>('main h1');
    if (region !== null) announcePage(title, region, heading);
  }

  #app(user: User, stream: LiveStream): App {
    return {
      api: this.api,
      // Whatever a page listens to, the count of alerts beside it is live.
      stream: {
        ...stream,
        // None named means all.
        listen: (topics) =>
          stream.listen(topics.length === 0 ? [] : [...new Set([...topics, 'alerts'])]),
      },
      user,
      navigate: this.#router.navigate,
      replace: (href) => {
        this.#router.replace(href);
        this.#shown = location.pathname + location.search;
      },
      entitle: (title) => {
        document.title = `${title} · SignalBeam Edge`;
      },
    };
  }

  #shortcuts(): Shortcut[] {
    const go = (href: string) => () => this.#router.navigate(href);
    return [
      { keys: 'g f', title: 'Go to the fleet', run: go(pathTo.fleet()) },
      { keys: 'g o', title: 'Go to groups', run: go(pathTo.groups()) },
      { keys: 'g s', title: 'Go to sites', run: go(pathTo.sites()) },
      { keys: 'g t', title: 'Go to registration tokens', run: go(pathTo.tokens()) },
      { keys: 'g n', title: 'Go to notifications', run: go(pathTo.notifications()) },
      { keys: 'g a', title: 'Go to your account', run: go(pathTo.account()) },
      { keys: 'g b', title: 'Go to bundles', run: go(pathTo.bundles()) },
      { keys: 'g r', title: 'Go to rollouts', run: go(pathTo.rollouts()) },
      { keys: 'g l', title: 'Go to alerts', run: go(pathTo.alerts()) },
      {
        keys: 'a',
        title: 'Acknowledge the alert that is focused',
        run: () =>
          document.activeElement
            ?.closest('[data-alert]')
            ?.querySelector<HTMLElement>('[data-acknowledge] button')
            ?.click(),
      },
      {
        keys: '/',
        title: 'Search this list',
        run: () => this.querySelector<HTMLElement>('main [type=search]')?.focus(),
      },
      { keys: 'j', title: 'Next in the list', run: () => moveInList(1) },
      { keys: 'k', title: 'Previous in the list', run: () => moveInList(-1) },
      {
        keys: '?',
        title: 'Show these keys',
        run: () => {
          this.sheet = true;
        },
      },
    ];
  }

  async #signOut(): Promise<void> {
    try {
      await this.api.signOut();
    } finally {
      this.signedOut();
    }
  }

  #open(): TemplateResult | typeof nothing {
    const active = this.#counts.value?.active ?? 0;
    return active === 0
      ? nothing
      : html`<b class="tally">${active > 99 ? '99+' : active}<span class="visually-hidden"> open</span></b>`;
  }

  #sectionLink({ key, label, href, icon: name }: Section): TemplateResult {
    const current = this.section === key ? 'page' : nothing;
    return html`<a class=${onPhones.has(key) ? '' : 'lesser'} href=${href} aria-current=${current}>
      ${icon(name)}<span>${label}</span>${key === 'alerts' ? this.#open() : nothing}</a>`;
  }

  #nav(): TemplateResult {
    const others = sections.filter(({ key }) => !onPhones.has(key));
    const isHere = others.some(({ key }) => key === this.section);
    const close = () => this.querySelector<HTMLElement>('#more-sections')?.hidePopover();
    return html`<nav aria-label="Main">
      ${sections.map((section) => this.#sectionLink(section))}
      <button type="button" class=${isHere ? 'more here' : 'more'} popovertarget="more-sections">
        ${icon('menu')}<span>More</span></button>
      <div id="more-sections" popover @click=${close}>${others.map((section) => this.#sectionLink(section))}</div>
    </nav>`;
  }

  #frame(user: User): TemplateResult {
    return html`<a class="skip" href="#content" @click=${(event: Event) => {
      event.preventDefault();
      this.querySelector<HTMLElement>('main')?.focus();
    }}>Skip to content</a>
    <div id="where" class="visually-hidden" aria-live="polite"></div>
    <header class="side">
      <a class="brand" href="/" aria-label="SignalBeam Edge, to the fleet"><img src="/favicon.svg" alt="" width="24" height="24" /><span>SignalBeam <b>Edge</b></span></a>
      ${this.#nav()}
      <div class="side-foot">
        <link-pill .state=${this.link}></link-pill>
        <div class="tools"><theme-switch></theme-switch>
          <button type="button" class="button quiet square keys-button" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)"
            @click=${() => {
              this.sheet = true;
            }}>${icon('keyboard')}</button></div>
        <div class="who">
          <div class="grow truncate"><div class="truncate strong" title=${user.email}>${user.name || user.email}</div>
            <div class="truncate muted small">${user.tenantName} · ${user.role}</div></div>
          <button type="button" class="button quiet square" aria-label="Sign out" title="Sign out"
            @click=${() => void this.#signOut()}>${icon('logOut')}</button>
        </div>
      </div>
    </header>
    <main id="content" tabindex="-1" class=${this.link.kind === 'offline' ? 'stale' : ''}>${this.missing ? this.#notFound() : this.unloaded ? this.#notLoaded() : this.page}</main>
    ${
      this.ended
        ? html`<session-over .api=${this.api} .user=${user} .onSignedIn=${(again: User) => this.#signedInAgain(again)}
          .onLeave=${() => this.signedOut()}></session-over>`
        : nothing
    }
    ${shortcutSheet(this.#shortcuts(), this.sheet, () => {
      this.sheet = false;
    })}
    <toast-stack></toast-stack>`;
  }

  #notFound(): TemplateResult {
    return html`<div class="page"><h1>There is nothing here</h1>
      <p>The address may be old, or what it named was deleted. <a href="/">Back to the fleet</a></p></div>`;
  }

  #notLoaded(): TemplateResult {
    return html`<div class="page"><h1>This page could not be loaded</h1>
      <div role="alert">${notice(
        'bad',
        html`<p>The server did not answer, or the console was updated since this page was opened. Nothing was changed.</p>
          <p class="small muted">Code <code>page-not-loaded</code></p>`,
      )}</div>
      <div class="row"><button type="button" class="button primary" @click=${() => location.reload()}>Reload</button></div></div>`;
  }

  #noAnswer(error: ApiError): TemplateResult {
    return html`<main class="page"><h1>The server does not answer</h1>${errorNotice(error)}
      <p>It is asked again every few seconds; you are still signed in here.</p></main>`;
  }

  protected override render() {
    if (this.user === undefined && this.unanswered !== null) return this.#noAnswer(this.unanswered);
    if (this.user === undefined)
      return html`<main aria-busy="true"><h1 class="visually-hidden">Loading</h1></main>`;
    if (this.user === null && location.pathname === '/invitation') {
      return html`<accept-invitation .api=${this.api} .onAccepted=${() => void this.#recognise()}></accept-invitation>`;
    }
    if (this.user === null && location.pathname === '/sign-up') {
      return html`<sign-up .api=${this.api} .onSignedUp=${() => void this.#recognise()}></sign-up>`;
    }
    if (this.user === null) {
      return html`<sign-in .api=${this.api} .onSignedIn=${(user: User) => this.#signedIn(user)}></sign-in>`;
    }
    return this.#frame(this.user);
  }
}
customElements.define('operator-shell', OperatorShell);
