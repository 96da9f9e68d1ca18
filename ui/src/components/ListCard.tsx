// A list in a card of its own: its rows page by page, or why there are none.
import type { ReactNode } from "react";
import type { Pages } from "../lib/live";
import type { IconName } from "./Icon";
import { Card } from "./Page";
import { Empty, LoadedPages } from "./states";
import { type Column, Table } from "./Table";

interface Props<T> {
  icon: IconName;
  texts: { title: string; empty: string; emptyText?: string };
  pages: Pages<T>;
  columns: readonly Column<T>[];
  keyOf: (row: T) => string;
  /** What makes the first one; it stands in the empty list as well. */
  add?: ReactNode;
}

export function ListCard<T>({ icon, texts, pages, columns, keyOf, add }: Props<T>) {
  const empty = (
    <Empty icon={icon} title={texts.empty}>
      {texts.emptyText !== undefined && <p>{texts.emptyText}</p>}
      {add}
    </Empty>
  );
  return (
    <Card flush>
      <LoadedPages pages={pages} empty={empty}>
        {(rows) => <Table label={texts.title} columns={columns} rows={rows} keyOf={keyOf} />}
      </LoadedPages>
    </Card>
  );
}
