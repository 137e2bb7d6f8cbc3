/**
 * `<device-credentials>`: what the device may show beside its own signature (API keys, certificates),
 * which of it expires soon, and who showed what. A new key is shown once, here.
 */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { fullTimeOf } from '../data/format.ts';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import type { ApiKey, Certificate, Device } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import { command } from '../ui/copy.ts';
import { dialog } from '../ui/dialog.ts';
import { badge, type Mark } from '../ui/glyph.ts';
import { errorNotice, loading } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { type App, asError, refusedByRole, tellFailure } from './app.ts';
import './device-attempts.ts';

const dayMs = 86_400_000;
/** As device-manager warns. */
const soonMs = 14 * dayMs;

const markOf = (of: Pick<ApiKey, 'expiresAt' | 'revokedAt'>, nowMs: number): Mark => {
  const leftMs = Date.parse(of.expiresAt) - nowMs;
  if (of.revokedAt !== null) return { shape: 'cross', tone: 'idle', word: 'Revoked' };
  if (leftMs <= 0) return { shape: 'ring', tone: 'idle', word: 'Expired' };
  const days = Math.ceil(leftMs / dayMs);
  if (leftMs > soonMs) return { shape: 'disc', tone: 'ok', word: 'In force' };
  return {
    shape: 'diamond',
    tone: 'warn',
    word: `Expires in ${days} ${days === 1 ? 'day' : 'days'}`,
  };
};

type Revoking = { kind: 'API key' | 'certificate'; name: string; run: () => Promise<unknown> };

class DeviceCredentials extends LitElement {
  static override properties = {
    device: { attribute: false },
    made: { state: true },
    revoking: { state: true },
    error: { state: true },
  };
  app!: App;
  device!: Device;
  /** The key that was just made: nobody can ask for it again. */
  made: string | null = null;
  revoking: Revoking | null = null;
  error: ApiError | null = null;
  #keys = createResource(this, () => this.app.api.apiKeys(this.device.id));
  #certificates = createResource(this, () => this.app.api.certificates(this.device.id));

  protected override createRenderRoot() {
    return this;
  }

  async #make(): Promise<void> {
    this.error = null;
    try {
      this.made = (await this.app.api.createApiKey(this.device.id)).apiKey;
    } catch (error) {
      this.error = asError(error);
    }
    this.#keys.refresh();
  }

  async #revoke(event: SubmitEvent, { kind, name, run }: Revoking): Promise<void> {
    event.preventDefault();
    try {
      await run();
      notify('ok', `The ${kind} ${name} opens nothing any more.`);
    } catch (error) {
      tellFailure(error);
    }
    this.revoking = null;
    this.#keys.refresh();
    this.#certificates.refresh();
  }

  #revokeButton(of: Pick<ApiKey, 'expiresAt' | 'revokedAt'>, revoking: Revoking) {
    if (of.revokedAt !== null || Date.parse(of.expiresAt) <= Date.now()) return nothing;
    return actionButton({
      label: 'Revoke',
      look: 'small danger',
      refused: refusedByRole(this.app.user),
      hushed: true,
      run: () => {
        this.revoking = revoking;
      },
    });
  }

  #key(key: ApiKey): TemplateResult {
    const { id } = this.device;
    const run = () => this.app.api.revokeApiKey(id, key.id);
    return html`<li class="credential"><div><span class="mono">sbk_${key.prefix}…</span> ${badge(markOf(key, Date.now()))}
      <div class="muted small">until ${fullTimeOf(key.expiresAt)} · by ${nameOfActor(key.createdBy)} ·
        ${key.lastUsedAt === null ? 'never used' : html`used ${age(key.lastUsedAt)}`}</div></div>
      ${this.#revokeButton(key, { kind: 'API key', name: key.prefix, run })}</li>`;
  }

  #certificate(certificate: Certificate): TemplateResult {
    const { serial } = certificate;
    const run = () => this.app.api.revokeCertificate(this.device.id, serial);
    const why = {
      superseded: 'renewed',
      'key-compromise': 'revoked by a person',
      cessation: 'device removed',
    };
    return html`<li class="credential"><div><span class="mono small">${serial}</span> ${badge(markOf(certificate, Date.now()))}
      <div class="muted small">${certificate.revocation === null ? html`until ${fullTimeOf(certificate.expiresAt)}` : why[certificate.revocation]} · issued ${age(certificate.issuedAt)}</div></div>
      ${this.#revokeButton(certificate, { kind: 'certificate', name: serial.slice(0, 8), run })}</li>`;
  }

  #list<T>(
    of: { value: T[] | undefined; error: ApiError | null; refresh: () => void },
    show: (item: T) => TemplateResult,
    none: string,
  ): TemplateResult {
    if (of.value === undefined) return html`${loading(of.error, 1, of.refresh)}`;
    if (of.value.length === 0) return html`<p class="muted">${none}</p>`;
    return html`<ul class="credentials">${of.value.map(show)}</ul>`;
  }

  #question(revoking: Revoking): TemplateResult {
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#revoke(event, revoking)}>
      <p>Whoever shows it is refused from now on. The agent itself is not touched: it signs with its own key.</p>
      <div class="dialog-actions"><button type="button" class="button" @click=${() => {
        this.revoking = null;
      }}>Keep it</button><button type="submit" class="button danger solid">Revoke ${revoking.kind}</button></div></form>`;
  }

  protected override render() {
    const unapproved =
      this.device.registrationStatus === 'approved' ? null : 'Approve the device first.';
    const { made, revoking } = this;
    return html`<section class="card" aria-labelledby="credentials-title">
      <header><h2 id="credentials-title">Keys and certificates</h2>
        ${actionButton({
          label: 'New API key',
          icon: 'plus',
          look: 'small',
          refused: refusedByRole(this.app.user) ?? unapproved,
          hushed: true,
          run: () => void this.#make(),
        })}</header>
      <div class="body stack">${errorNotice(this.error)}
        <h3>API keys</h3>
        ${this.#list(this.#keys, (key) => this.#key(key), 'None. For programs that can’t sign: they open this device’s own endpoints, and two may be in force while one replaces the other.')}
        <h3>Certificates</h3>
        ${this.#list(this.#certificates, (certificate) => this.#certificate(certificate), 'None. An agent that runs with --certificate fetches one and renews it by itself.')}
        <device-attempts .app=${this.app} .deviceId=${this.device.id}></device-attempts>
      </div>
      ${dialog({
        label: 'The new API key',
        open: made !== null,
        onClose: () => {
          this.made = null;
        },
        body: () => html`<div class="stack"><p>Copy it now: it is shown this once, and only its hash is kept. Send it as
          <code>X-API-Key</code>, with the tenant’s id as <code>X-Tenant-Id</code>.</p>
          ${command(made ?? '', 'API key')} ${command(this.app.user.tenantId ?? '', 'Tenant id')}
          <div class="dialog-actions"><button type="button" class="button primary" @click=${() => {
            this.made = null;
          }}>I have it</button></div></div>`,
      })}
      ${dialog({
        label: `Revoke the ${revoking?.kind ?? 'credential'} ${revoking?.name ?? ''}?`,
        open: revoking !== null,
        onClose: () => {
          this.revoking = null;
        },
        body: () => (revoking === null ? html`` : this.#question(revoking)),
      })}
    </section>`;
  }
}
customElements.define('device-credentials', DeviceCredentials);
