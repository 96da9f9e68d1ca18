// Time series drawn by uPlot, in the colours of the theme. Loaded only where a chart is shown.
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { language } from "../lib/preferences";

export interface Series {
  label: string;
  values: readonly (number | null)[];
  /** The name of the colour among the tokens. */
  color: "accent" | "ok" | "bad" | "busy" | "warn";
  bars?: boolean;
}

interface Props {
  /** Seconds since 1970. */
  times: readonly number[];
  series: readonly Series[];
  label: string;
  height?: number;
}

/** Values from which on a line needs no points. */
const FEW = 30;

/** A colour among the tokens as it is in the theme of an element, for a canvas knows no tokens. */
function colorIn(element: HTMLElement, name: string, opacity = 1): string {
  element.style.color = `rgb(from var(--${name}) r g b / ${opacity})`;
  const { color } = getComputedStyle(element);
  element.style.color = "";
  return color;
}

function optionsOf({ series, height = 200 }: Props, frame: HTMLElement): uPlot.Options {
  const colorOf = (name: string, opacity?: number) => colorIn(frame, name, opacity);
  const axis: uPlot.Axis = {
    stroke: colorOf("muted"),
    font: `11px ${getComputedStyle(frame).fontFamily}`,
    grid: { stroke: colorOf("line"), width: 1 },
    ticks: { show: false },
  };
  const isWhole = series.every(({ values }) =>
    values.every((value) => value === null || Number.isInteger(value)),
  );
  const bars = uPlot.paths.bars?.({ size: [0.7, 24] });
  return {
    width: frame.clientWidth,
    height,
    padding: [10, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: { y: { range: (_, low, high) => [Math.min(0, low), Math.max(1, high * 1.1)] } },
    axes: [
      { ...axis, grid: { show: false }, size: 28, space: 74, values: labelsOf },
      { ...axis, size: 42, space: 36, ...(isWhole && { incrs: WHOLE }) },
    ],
    series: [
      {},
      ...series.map(
        (one): uPlot.Series => ({
          label: one.label,
          stroke: colorOf(one.color),
          width: one.bars ? 0 : 2,
          fill: colorOf(one.color, one.bars ? 0.85 : 0.11),
          // A line of few values may have gaps on both sides of one.
          points: { show: !one.bars && one.values.filter((value) => value !== null).length < FEW, size: 5 },
          paths: one.bars ? bars : undefined,
        }),
      ),
    ],
  };
}

/** Steps of an axis that counts: there is no half a job. */
const WHOLE = [1, 2, 5]
  .flatMap((step) => Array.from({ length: 9 }, (_, zeros) => step * 10 ** zeros))
  .sort((a, b) => a - b);

const DAY_S = 86_400;

/** Times of the day for a short span, days for a long one. */
function labelsOf(_plot: uPlot, times: number[]): string[] {
  const span = (times.at(-1) ?? 0) - (times[0] ?? 0);
  const options: Intl.DateTimeFormatOptions =
    span > DAY_S ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit", hour12: false };
  const format = new Intl.DateTimeFormat(language(), options);
  return times.map((time) => format.format(time * 1_000));
}

function dataOf({ times, series }: Props): uPlot.AlignedData {
  return [[...times], ...series.map(({ values }) => [...values])];
}

export default function Chart(props: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(latest.current, element), dataOf(latest.current), element);
    };
    const size = new ResizeObserver(draw);
    const scheme = window.matchMedia("(prefers-color-scheme: dark)");
    size.observe(element);
    window.addEventListener("np-theme", draw);
    scheme.addEventListener("change", draw);
    return () => {
      size.disconnect();
      window.removeEventListener("np-theme", draw);
      scheme.removeEventListener("change", draw);
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(dataOf(props)));
  return (
    <figure className="chart">
      <div
        ref={frame}
        className="chart-frame"
        role="img"
        aria-label={`${props.label}: ${said(props.series)}`}
      />
      <figcaption>
        {props.series.map(({ label, color }) => (
          <span key={label} className={`key key-${color}`}>
            {label}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

/** The last value of each line, for those who do not see them. */
function said(series: readonly Series[]): string {
  return series.map(({ label, values }) => `${label} ${values.at(-1) ?? 0}`).join(", ");
}
