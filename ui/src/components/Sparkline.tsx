// What happened step by step as small bars, the failed part in red.
export interface Step {
  attempts: number;
  failed: number;
}

const HEIGHT = 24;
const STEP = 4;

export function Sparkline({ hours, label }: { hours: readonly Step[]; label: string }) {
  const most = Math.max(1, ...hours.map(({ attempts }) => attempts));
  const height = (count: number) => (count === 0 ? 0 : Math.max(2, (count / most) * HEIGHT));
  return (
    <svg
      className="sparkline"
      width={hours.length * STEP}
      height={HEIGHT}
      viewBox={`0 0 ${hours.length * STEP} ${HEIGHT}`}
      role="img"
      aria-label={label}
    >
      {hours.map(({ attempts, failed }, hour) => {
        const full = height(attempts);
        const bad = height(failed);
        const x = hour * STEP;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: an hour is its place
          <g key={hour}>
            <rect className="spark-none" x={x} y={HEIGHT - 1} width={STEP - 1} height={1} />
            <rect className="spark-ok" x={x} y={HEIGHT - full} width={STEP - 1} height={full} rx={1} />
            <rect className="spark-bad" x={x} y={HEIGHT - bad} width={STEP - 1} height={bad} rx={1} />
          </g>
        );
      })}
    </svg>
  );
}
