/**
 * How a metric is spread over the devices of a site or a group: half of them, 95 % and 99 % of them, step by
 * step. What is chosen is in the address, so a chart can be sent to somebody.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { type ChartRange, chartRangeOf, chartRanges } from '../data/chart-ranges.ts';
import { clockOf, countedOf } from '../data/format.ts';
import { createResource } from '../data/resource.ts';
import {
  ceilingOf,
  type Each,
  eachWords,
  percentileNames,
  type Spread,
  type SpreadMetric,
  spreadLine,
  spreadMetrics,
  spreadSentence,
  spreadSteps,
  withoutComing,
} from '../data/spread.ts';
import { crumb } from '../ui/crumb.ts';
import '../ui/line-chart.ts';
import type { Params } from '../ui/match.ts';
import { emptyState, errorNotice, loading } from '../ui/notice.ts';
import { stepWords } from '../views/metric-panel.ts';
import { type App, followLive } from './app.ts';
import { pathTo } from './paths.ts';

const colours = { p50: '--accent', p95: '--warn', p99: '--bad' } as const;
const words = { p50: 'half of them (p50)', p95: '95 % (p95)', p99: '99 % (p99)' } as const;
const tableRowsMax = 100;
/** Points are of five minutes or more; the newest one grows. */
const againMs = 60_000;

type Choice = {
  /** `site:plant-7`, `group:<id>`; empty before somebody chose. */
  of: string;
  metric: SpreadMetric;
  each: Each;
  range: ChartRange;
  step: string;
};

const choiceIn = (search: string): Choice => {
  const query = new URLSearchParams(search);
  const [site, group] = [query.get('site'), query.get('group')];
  return {
    of: site !== null ? `site:${site}` : group !== null ? `group:${group}` : '',
    metric: spreadMetrics.find(({ key }) => key === query.get('metric')) ?? spreadMetrics[0],
    each: eachWords.find(({ key }) => key === query.get('each'))?.key ?? 'avg',
    range: chartRangeOf(query.get('range') ?? '24h'),
    step: spreadSteps.find(({ key }) => key === query.get('step'))?.key ?? '',
  };
};

const addressOf = ({ of, metric, each, range, step }: Choice): string => {
  const [kind = '', ...name] = of.split(':');
  return pathTo.charts({
    ...(of === '' ? {} : { [kind]: name.join(':') }),
    ...{ metric: metric.key, range: range.key },
    ...(each === 'avg' ? {} : { each }),
    ...(step === '' ? {} : { step }),
  });
};

class ChartsPage extends LitElement {
  static override properties = { choice: { state: true }, asTable: { state: true } };
  app!: App;
  params: Params = {};
  choice: Choice = choiceIn(location.search);
  asTable = false;
  #sites = createResource(this, () => this.app.api.sites());
  #groups = createResource(this, () => this.app.api.groups());
  #spread = createResource(this, () => this.#load(), 'when-asked');

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => [],
      onEvent: () => {},
      onResync: () => this.#spread.refresh(),
    });
  }

  protected override createRenderRoot() {
    return this;
  }

  #timer: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.choice.of !== '') this.#spread.refresh();
    this.#timer = setInterval(this.#again, againMs);
    document.addEventListener('visibilitychange', this.#again);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
    document.removeEventListener('visibilitychange', this.#again);
  }

  /** Nobody tells of minutes and hours as they are made: who leaves a chart open sees them come all the same. */
  readonly #again = (): void => {
    if (this.choice.of !== '' && !document.hidden) this.#spread.refresh();
  };

  /** With what it was asked for: a choice made meanwhile is not shown over the answer to the one before. */
  async #load(): Promise<{ spread: Spread; choice: Choice; to: number }> {
    const { choice } = this;
    const to = Date.now();
    const name = choice.of.slice(choice.of.indexOf(':') + 1);
    const of = choice.of.startsWith('site:') ? { site: name } : { groupId: name };
    const { metric, each, step, range } = choice;
    const wish = { of, metric: metric.key, each, step, from: to - range.ms, to };
    return { spread: await this.app.api.metricSpread(wish), choice, to };
  }

  #choose(change: Partial<Choice>): void {
    this.choice = { ...this.choice, ...change };
    this.app.replace(addressOf(this.choice));
    if (this.choice.of !== '') this.#spread.refresh();
  }

  #select(
    label: string,
    options: readonly { key: string; label: string }[],
    chosen: string,
    choose: (key: string) => void,
  ): TemplateResult {
    const id = `charts-${label.toLowerCase().replaceAll(' ', '-')}`;
    return html`<div class="field"><label for=${id}>${label}</label>
      <select class="input" id=${id} @change=${(event: Event) => choose((event.target as HTMLSelectElement).value)}>${options.map(
        ({ key, label: text }) =>
          html`<option value=${key} ?selected=${key === chosen}>${text}</option>`,
      )}</select></div>`;
  }

  #whom(): TemplateResult {
    const { of } = this.choice;
    const option = (value: string, text: string) =>
      html`<option value=${value} ?selected=${value === of}>${text}</option>`;
    const [sites, groups] = [this.#sites.value ?? [], this.#groups.value ?? []];
    return html`<div class="field"><label for="charts-of">Devices of</label>
      <select class="input" id="charts-of" @change=${(event: Event) => this.#choose({ of: (event.target as HTMLSelectElement).value })}>
        ${of === '' ? option('', 'Choose a site or a group') : nothing}
        <optgroup label="Sites">${sites.map(({ name, title }) => option(`site:${name}`, title || name))}</optgroup>
        <optgroup label="Groups">${groups.map(({ id, name }) => option(`group:${id}`, name))}</optgroup></select></div>`;
  }

  #form(): TemplateResult {
    const { choice } = this;
    return html`<section class="card padded stack" aria-label="What is shown"><div class="narrowing">${this.#whom()}
      ${this.#select('Metric', spreadMetrics, choice.metric.key, (key) =>
        this.#choose({ metric: spreadMetrics.find((one) => one.key === key) ?? spreadMetrics[0] }),
      )}
      ${this.#select('A device counts by', eachWords, choice.each, (key) => this.#choose({ each: key as Each }))}
      ${this.#select('Step', spreadSteps, choice.step, (step) => this.#choose({ step }))}</div>
      <div class="row apart"><div class="segmented" role="group" aria-label="Period">${chartRanges.map(
        (range) =>
          html`<button type="button" aria-pressed=${choice.range === range} @click=${() => this.#choose({ range })}>${range.label}</button>`,
      )}</div>
      <div class="segmented" role="group" aria-label="Show as">${[false, true].map(
        (table) =>
          html`<button type="button" aria-pressed=${this.asTable === table} @click=${() => {
            this.asTable = table;
          }}>${table ? 'Table' : 'Chart'}</button>`,
      )}</div></div></section>`;
  }

  #table({ points }: Spread, { text }: SpreadMetric, now: number): TemplateResult {
    const columns = ['min', 'p50', 'p95', 'p99', 'max'] as const;
    return html`<div class="scroll" tabindex="0" role="region" aria-label="The spread as a table"><table>
      <thead><tr><th scope="col">From</th><th scope="col" class="number">Devices</th>${columns.map((name) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
      <tbody>${points
        .slice(-tableRowsMax)
        .reverse()
        .map(
          (
            point,
          ) => html`<tr><th scope="row">${clockOf(point.at, now)}</th><td class="number">${point.devices}</td>
          ${columns.map((name) => html`<td class="number">${text(point[name])}</td>`)}</tr>`,
        )}</tbody></table></div>`;
  }

  #chart(spread: Spread, { metric, each, range }: Choice, to: number): TemplateResult {
    const points = withoutComing(spread.points, { stepMs: spread.stepMs, to });
    const isMore = points.length < spread.points.length;
    const lines = percentileNames.map((name) => ({
      ...{ label: words[name], points: spreadLine(points, name), colour: colours[name] },
    }));
    return html`<figure class="body chart tall">
      <line-chart .lines=${lines} .from=${to - range.ms} .to=${to} .ceiling=${ceilingOf(points, metric)} .text=${metric.text}></line-chart>
      <ul class="legend small">${percentileNames.map((name) => html`<li><i class="swatch" style="background:var(${colours[name]})"></i>${words[name]}</li>`)}</ul>
      <figcaption>${spreadSentence(points, metric, each)}${isMore ? ' Most devices have yet to send what came after it; the table has what is there.' : nothing}</figcaption></figure>`;
  }

  #shown(): TemplateResult {
    const { value, error, refresh } = this.#spread;
    if (this.choice.of === '') {
      return emptyState(
        'activity',
        'Of which devices?',
        html`<p>Choose a site or a group above. A single device’s charts are on its own page.</p>`,
      );
    }
    if (value === undefined) return html`<div class="body">${loading(error, 3, refresh)}</div>`;
    const { spread, choice, to } = value;
    const body =
      spread.points.length === 0
        ? emptyState(
            'activity',
            'No readings in this period',
            html`<p>${countedOf(spread.devices, 'approved device')} of it; none has sent this metric in the ${choice.range.period}.</p>`,
          )
        : this.asTable
          ? this.#table(spread, choice.metric, to)
          : this.#chart(spread, choice, to);
    return html`<header><h2 id="spread-title">${choice.metric.label}</h2>
      <span class="small muted grow">${countedOf(spread.devices, 'device')}; ${stepWords(spread.stepMs, spread.source)}</span></header>
      ${error === null ? nothing : html`<div class="body">${errorNotice(error)}</div>`}${body}`;
  }

  protected override render() {
    return html`<div class="page"><div class="page-head"><div>${crumb(pathTo.fleet(), 'Fleet')}<h1>Charts</h1>
      <p class="lead">How a metric is spread over the devices of a site or a group: each counts once in a step.</p></div></div>
      ${errorNotice(this.#sites.error ?? this.#groups.error)}
      ${this.#form()}<section class="card" aria-label="The spread">${this.#shown()}</section></div>`;
  }
}
customElements.define('charts-page', ChartsPage);
