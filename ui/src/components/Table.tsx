// Tables that turn into cards where the screen is narrow.
import { type ReactNode, useEffect, useRef } from "react";
import { t } from "../texts";

export interface Column<T> {
  head: string;
  cell: (row: T) => ReactNode;
  /** Numbers stand at the right. */
  right?: boolean;
  /** The column that names the row: it carries the link. */
  main?: boolean;
  /** Takes what room is left, and is cut when there is too little. */
  wide?: boolean;
  /** Left out where a table is narrow, but not yet cards. */
  spare?: boolean;
}

/** Which rows are chosen, by their keys. */
export interface Selection<T> {
  chosen: ReadonlySet<string>;
  onChange: (chosen: ReadonlySet<string>) => void;
  /** What a row is called, for its box. */
  nameOf: (row: T) => string;
}

interface Props<T> {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string;
  selection?: Selection<T>;
}

function classOf<T>(column: Column<T>): string | undefined {
  const { right, main, wide, spare } = column;
  const names = [right && "right", main && "main-cell", wide && "wide-cell", spare && "spare-cell"];
  return names.filter(Boolean).join(" ") || undefined;
}

export function Table<T>({ label, columns, rows, keyOf, selection }: Props<T>) {
  return (
    <div className="table-frame">
      <table className={selection ? "table table-chosen" : "table"} aria-label={label}>
        <thead>
          <tr>
            {selection && (
              <th scope="col" className="box-cell">
                <AllBox keys={rows.map(keyOf)} {...selection} />
              </th>
            )}
            {columns.map((column, index) => (
              <th key={column.head || index} scope="col" className={classOf(column)}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {selection && (
                <td className="box-cell">
                  <RowBox name={selection.nameOf(row)} id={keyOf(row)} {...selection} />
                </td>
              )}
              {columns.map((column, index) => (
                <td key={column.head || index} className={classOf(column)} data-head={column.head}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

type Boxes = Pick<Selection<never>, "chosen" | "onChange">;

function RowBox({ id, name, chosen, onChange }: Boxes & { id: string; name: string }) {
  const toggle = () => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChange(next);
  };
  return <input type="checkbox" aria-label={t.kit.choose(name)} checked={chosen.has(id)} onChange={toggle} />;
}

/** Chooses every row that is shown, or none. */
function AllBox({ keys, chosen, onChange }: Boxes & { keys: readonly string[] }) {
  const box = useRef<HTMLInputElement>(null);
  const isAll = keys.length > 0 && keys.every((key) => chosen.has(key));
  const isSome = !isAll && keys.some((key) => chosen.has(key));
  useEffect(() => {
    if (box.current) box.current.indeterminate = isSome;
  }, [isSome]);
  return (
    <input
      ref={box}
      type="checkbox"
      aria-label={t.kit.chooseAll}
      checked={isAll}
      onChange={() => onChange(new Set(isAll ? [] : keys))}
    />
  );
}

/** Facts about one thing: name and value, one below the other. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
