// The icons, drawn on a grid of sixteen with one stroke.
import { useId } from "react";

const PATHS = {
  overview: "M2 9h3l2-5 3 8 2-4h2",
  queues: "M2.5 4h11M2.5 8h11M2.5 12h7",
  jobs: "M8 1.8 14 5v6l-6 3.2L2 11V5zM2 5l6 3.2L14 5M8 8.2v6",
  schedules: "M2.5 3.500h11v10h-11zM2.5 6.500h11M5.5 1.800v3M10.5 1.800v3M8 8.500v2l1.500 1",
  reports: "M3 1.800h10v12.400H3zM5.5 11V8.500M8 11V5M10.5 11V7",
  workers:
    "M8 6.500a2.200 2.200 0 1 0 0-4.400 2.200 2.200 0 0 0 0 4.400zM4 13.500c.3-2.800 1.600-4.500 4-4.500s3.700 1.700 4 4.500zM1.500 7.500v3M14.5 7.500v3",
  failures: "M8 1.800 13.500 5v6L8 14.200 2.500 11V5zM8 5v3.500M8 11h.01",
  webhooks:
    "M5.5 11.5a2.5 2.5 0 1 1-2.2-3.7M8 3a2.5 2.5 0 0 1 2 4M10.5 11.5h-5M8.6 5 5.6 10.6M12.7 9.3a2.5 2.5 0 1 1-2.2 3.9",
  events: "M9 1.5 3.5 9H8l-1 5.5L12.5 7H8z",
  eventTypes: "M2.5 2.500h5l6 6-5 5-6-6zM5.3 5.300h.01",
  inspector: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM14 14l-3.4-3.4",
  emails: "M2 3.5h12v9H2zM2 4.5l6 4.5 6-4.5M5 15h6",
  templates: "M2.5 2.5h11v11h-11zM2.5 6h11M6 6v7.5",
  people:
    "M6 7.500a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM1.5 13.500c.4-2.7 2-4 4.5-4s4.1 1.3 4.5 4M11 2.800a2.4 2.4 0 0 1 0 4.500M12 9.700c1.5.5 2.3 1.8 2.5 3.8",
  departments: "M6 2h4v3.500H6zM1.5 10.500h4V14h-4zM10.5 10.500h4V14h-4zM8 5.500V8M3.5 10.500V8h9v2.5",
  invites: "M2 3.500h12v9H2zM2 4.500l6 4.5 6-4.5",
  keys: "M10.5 9a3.5 3.5 0 1 0-3.3-2.300L2 12v2h2.500v-1.500H6V11h1.500L9 9.200M11.3 4.800h.01",
  audit: "M3.5 1.800h6l3 3v9.400h-9zM9.5 1.800v3h3M6 8h4M6 11h4",
  mailbox: "M2 9.5 4 3h8l2 6.500V13H2zM2 9.500h3.500L6.5 11h3l1-1.500H14",
  settings: "M2 4.500h6M12 4.500h2M2 11.500h2M8 11.500h6M10 2.800v3.400M6 9.800v3.4",
  profile: "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 14c.6-2.8 2.4-4 5.5-4s4.9 1.2 5.5 4",
  security: "M8 1.5 13.5 3.500v4c0 3.3-2 5.6-5.5 7-3.5-1.4-5.5-3.7-5.5-7v-4zM5.8 8l1.6 1.600L10.5 6.5",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM14 14l-3.4-3.4",
  menu: "M2 4h12M2 8h12M2 12h12",
  close: "M3.5 3.500l9 9M12.5 3.500l-9 9",
  copy: "M5.5 5.500h8v8h-8zM10.5 5.500v-3h-8v8h3",
  check: "M3 8.5 6.5 12 13 4.5",
  plus: "M8 3v10M3 8h10",
  more: "M3.600 8a.6.6 0 1 1-1.200 0 .6.6 0 0 1 1.200 0zM8.600 8a.6.6 0 1 1-1.200 0 .6.6 0 0 1 1.200 0zM13.600 8a.6.6 0 1 1-1.200 0 .6.6 0 0 1 1.200 0z",
  pause: "M5.5 3v10M10.5 3v10",
  play: "M4.5 2.800v10.400L13 8z",
  retry: "M13.5 8A5.5 5.5 0 1 1 11.6 3.800M13.5 2v3.500H10",
  warning: "M8 2 14.5 13.500h-13zM8 6.500v3M8 11.500h.01",
  down: "M4 6l4 4 4-4",
  up: "M4 10l4-4 4 4",
  right: "M6 4l4 4-4 4",
  trash: "M2.5 4h11M6 4V2.500h4V4M4 4l.7 9.500h6.600L12 4",
  send: "M14 2 7 9M14 2 9.5 14 7 9 2 6.500z",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.800V8l2.2 1.6",
  external: "M9 2.500h4.500V7M13.5 2.5 7.5 8.500M11 9v4.500H2.500V5H7",
  download: "M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.500h11",
  notifications: "M4 11V7.500a4 4 0 0 1 8 0V11l1.200 1.500H2.800zM6.700 14.300a1.500 1.500 0 0 0 2.600 0",
  out: "M6 2.500H2.500v11H6M10.5 5l3 3-3 3M13.5 8H6",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark of the product. */
export function Mark({ size = 28 }: { size?: number }) {
  // Each has a gradient of its own: one that belongs to a hidden copy is not drawn.
  const gradient = useId();
  return (
    <svg className="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <defs>
        <linearGradient id={gradient} x1="0" y1="0" x2="1" y2="1">
          <stop stopColor="#7a5cff" />
          <stop offset="1" stopColor="#1fb6d9" />
        </linearGradient>
      </defs>
      <rect width="32" height="32" rx="9" fill={`url(#${gradient})`} />
      <path d="M4.5 17.500h5l3.2-9 5.6 15.5 3.4-9.5 1.3 3h4.5" />
    </svg>
  );
}
