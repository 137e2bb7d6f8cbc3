/**
 * `<line-chart>`: a few lines over time, drawn by uPlot in the theme's colours. The drawing is
 * decoration for screen readers; the caption and the table beside it carry the numbers.
 */
import { html, LitElement } from 'lit';
import type uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Point } from '../data/trend.ts';

export type ChartLine = {
  label: string;
  points: readonly Point[];
  colour: '--accent' | '--ok' | '--warn' | '--bad';
};

/** What a custom property is as a colour that a canvas understands. */
const colourOf = (host: HTMLElement, property: string): string => {
  const probe = document.createElement('i');
  probe.style.color = `var(${property})`;
  host.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
};

const faded = (colour: string): string => colour.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.13)');

class LineChart extends LitElement {
  static override properties = {
    lines: { attribute: false },
    from: { attribute: false },
    to: { attribute: false },
    ceiling: { attribute: false },
    text: { attribute: false },
  };
  lines: readonly ChartLine[] = [];
  from = 0;
  to = 0;
  /** Top of the scale; null lets the data decide. */
  ceiling: number | null = 100;
  text: (value: number) => string = String;
  #plot: uPlot | null = null;
  #module: typeof uPlot | null = null;
  #resize: ResizeObserver | null = null;
  #repaint = (): void => this.#make();
  #dark = matchMedia('(prefers-color-scheme: dark)');

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('theme-change', this.#repaint);
    this.#dark.addEventListener('change', this.#repaint);
    this.#resize = new ResizeObserver(() => this.#fit());
    this.#resize.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('theme-change', this.#repaint);
    this.#dark.removeEventListener('change', this.#repaint);
    this.#resize?.disconnect();
    this.#plot?.destroy();
    this.#plot = null;
  }

  #fit(): void {
    const box = this.querySelector('.plot');
    if (box !== null && this.#plot !== null && box.clientWidth > 0)
      this.#plot.setSize({ width: box.clientWidth, height: box.clientHeight });
  }

  #data(): uPlot.AlignedData {
    const first = this.lines[0]?.points ?? [];
    return [
      first.map((point) => point.at / 1_000),
      ...this.lines.map((line) => line.points.map((point) => point.value)),
    ];
  }

  #options(width: number, height: number): uPlot.Options {
    const grid = colourOf(this, '--line');
    const muted = colourOf(this, '--muted');
    const font = `11px ${getComputedStyle(this).fontFamily}`;
    const axis = { stroke: muted, font, ticks: { show: false }, grid: { stroke: grid, width: 1 } };
    return {
      width,
      height,
      padding: [6, 18, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
      scales: {
        x: { time: true, range: () => [this.from / 1_000, this.to / 1_000] },
        y: { range: (_plot, _low, high) => [0, this.ceiling ?? Math.max(10, (high ?? 0) * 1.15)] },
      },
      axes: [
        {
          ...axis,
          size: 22,
          grid: { show: false },
          space: 70,
          values: [
            [3600, '{HH}:{mm}', null, null, null, null, null, null, 1],
            [60, '{HH}:{mm}', null, null, null, null, null, null, 1],
            [1, '{HH}:{mm}:{ss}', null, null, null, null, null, null, 1],
          ],
        },
        {
          ...axis,
          size: 64,
          gap: 4,
          space: 34,
          values: (_plot, ticks) => ticks.map((tick) => this.text(tick)),
        },
      ],
      series: [
        {},
        ...this.lines.map((line) => {
          const stroke = colourOf(this, line.colour);
          return {
            label: line.label,
            stroke,
            width: 1.5,
            fill: faded(stroke),
            // One reading is no line: then the point itself is drawn.
            points: { show: line.points.length < 3, size: 5 },
            spanGaps: false,
          };
        }),
      ],
    };
  }

  #make(): void {
    const box = this.querySelector<HTMLElement>('.plot');
    if (box === null || this.#module === null) return;
    this.#plot?.destroy();
    const options = this.#options(Math.max(80, box.clientWidth), box.clientHeight);
    this.#plot = new this.#module(options, this.#data(), box);
  }

  protected override async firstUpdated(): Promise<void> {
    this.#module = (await import('uplot')).default;
    this.#make();
  }

  protected override updated(): void {
    this.#plot?.setData(this.#data());
  }

  protected override render() {
    return html`<div class="plot" aria-hidden="true"></div>`;
  }
}
customElements.define('line-chart', LineChart);
