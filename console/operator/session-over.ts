/**
 * The session ended while somebody was at work: they sign in again over the page, which stays as it is, with
 * all that was written on it. Nothing of it is seen meanwhile: who sits there now may be somebody else.
 */
import { html, LitElement } from 'lit';
import type { FleetApi } from '../data/fleet-api.ts';
import type { User } from '../data/types.ts';
import './sign-in.ts';

class SessionOver extends LitElement {
  api!: FleetApi;
  /** Whose session it was. */
  user!: User;
  onSignedIn!: (user: User) => void;
  /** Gives up what is on the page. */
  onLeave!: () => void;
  #asking = false;

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener('focus', this.#look);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('focus', this.#look);
  }

  /** Once the form is there: what is focused is its password. */
  protected override async firstUpdated(): Promise<void> {
    await (this.querySelector('sign-in') as LitElement | null)?.updateComplete;
    this.querySelector('dialog')?.showModal();
  }

  /** Somebody may have signed in in another tab, as a provider's sign-in needs. */
  readonly #look = async (): Promise<void> => {
    if (this.#asking) return;
    this.#asking = true;
    try {
      this.onSignedIn(await this.api.me());
    } catch {
      // Still nobody is signed in, or the server does not answer: the form stays.
    }
    this.#asking = false;
  };

  protected override render() {
    // Escape belongs to the dialog that may stand behind this one.
    const keep = (event: Event): void => event.preventDefault();
    const hush = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') event.stopPropagation();
    };
    return html`<dialog class="session-over" aria-labelledby="session-over-title" @cancel=${keep} @keydown=${hush}>
      <sign-in .api=${this.api} .resumed=${this.user} .onSignedIn=${this.onSignedIn} .onLeave=${this.onLeave}></sign-in></dialog>`;
  }
}
customElements.define('session-over', SessionOver);
