// What a page shows while something is loading, when there is nothing, and when it failed.
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ApiError, reasonOf } from "../api/problem";
import type { Pages } from "../lib/live";
import { t } from "../texts";
import { Button } from "./Button";
import { CopyButton } from "./Copy";
import { Icon, type IconName } from "./Icon";

export function Loading({ rows = 4 }: { rows?: number }) {
  return (
    <div className="loading" role="status">
      <span className="hidden">{t.kit.loading}</span>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all the same
        <span key={row} className="bone" />
      ))}
    </div>
  );
}

interface EmptyProps {
  icon: IconName;
  title: string;
  children?: ReactNode;
}

export function Empty({ icon, title, children }: EmptyProps) {
  return (
    <div className="empty">
      <span className="empty-icon">
        <Icon name={icon} size={22} />
      </span>
      <h3>{title}</h3>
      {children}
    </div>
  );
}

/** A refusal as the server told it, with the id to look for in its logs. */
export function ErrorPanel({ cause, onRetry }: { cause: unknown; onRetry?: () => void }) {
  const problem = cause instanceof ApiError ? cause.problem : undefined;
  return (
    <div className="error-panel" role="alert">
      <Icon name="warning" size={20} />
      <div>
        <h3>{problem?.title ?? t.errors.title}</h3>
        <p>{reasonOf(cause)}</p>
        {problem?.request_id !== undefined && (
          <p className="quiet">
            {t.kit.requestId} <code>{problem.request_id}</code> <CopyButton text={problem.request_id} small />
          </p>
        )}
      </div>
      {onRetry && (
        <Button icon="retry" onClick={onRetry}>
          {t.kit.retry}
        </Button>
      )}
    </div>
  );
}

/** Shows what was read, or why there is nothing to show yet. */
export function Loaded<T>({
  query,
  rows,
  children,
}: {
  query: Pick<UseQueryResult<T>, "data" | "error" | "refetch">;
  rows?: number;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <ErrorPanel cause={query.error} onRetry={() => void query.refetch()} />;
  return <Loading rows={rows} />;
}

/** A list read page by page: its rows, or why there are none. */
export function LoadedPages<T>({
  pages,
  empty,
  children,
}: {
  pages: Pages<T>;
  empty: ReactNode;
  children: (rows: T[]) => ReactNode;
}) {
  const { query, rows } = pages;
  if (rows === undefined) {
    if (query.error) return <ErrorPanel cause={query.error} onRetry={() => void query.refetch()} />;
    return <Loading />;
  }
  return (
    <>
      {rows.length === 0 && !query.hasNextPage ? empty : children(rows)}
      {query.hasNextPage && (
        <div className="more">
          <Button onClick={() => void query.fetchNextPage()} busy={query.isFetchingNextPage} icon="down">
            {t.kit.more}
          </Button>
        </div>
      )}
    </>
  );
}
