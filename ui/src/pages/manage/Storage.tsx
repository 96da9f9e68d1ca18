// What the store and its disk hold.
import { api, read, type Schemas } from "../../api/client";
import { Card } from "../../components/Page";
import { Loaded } from "../../components/states";
import { Facts, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { useLive } from "../../lib/live";
import { bytes, count, percent } from "../../lib/numbers";
import { t } from "../../texts";

type Stored = Schemas["Storage"];

/** One line of the table: a part of the store, or something beside it. */
interface Part {
  key: string;
  name: string;
  size: number;
  /** Nothing where rows are not what it holds. */
  rows?: number;
}

const EVERY_MS = 15_000;

export function StorageCard() {
  const texts = t.audit.storage;
  const stored = useLive(["storage"], () => read(api.GET("/storage")), { every: EVERY_MS });
  return (
    <Card title={texts.title} note={texts.note}>
      <Loaded query={stored}>{(data) => <Figures stored={data} />}</Loaded>
    </Card>
  );
}

function Figures({ stored }: { stored: Stored }) {
  const texts = t.audit.storage;
  const parts = partsOf(stored);
  const all = parts.reduce((sum, { size }) => sum + size, 0);
  const columns = [
    { head: texts.part, main: true, cell: ({ name }: Part) => name },
    { head: texts.share, wide: true, cell: ({ size }: Part) => <Share of={all === 0 ? 0 : size / all} /> },
    { head: texts.size, right: true, cell: ({ size }: Part) => bytes(size) },
    { head: texts.rows, right: true, cell: ({ rows }: Part) => (rows === undefined ? "–" : count(rows)) },
  ];
  return (
    <>
      <Facts facts={factsOf(stored)} />
      <Table label={texts.title} columns={columns} rows={parts} keyOf={({ key }) => key} />
      <p className="quiet small">{texts.rowsNote}</p>
    </>
  );
}

/** The number says what the bar shows. */
function Share({ of }: { of: number }) {
  return (
    <span className="share">
      {of > 0 && <span className="bar" style={{ width: `${of * 100}%` }} aria-hidden="true" />}
      <span className="number">{percent(of)}</span>
    </span>
  );
}

/** Tables with files of their own, what is left of each keyspace, the journals and the files beside the store. */
function partsOf({ keyspaces, journals, files }: Stored): Part[] {
  const texts = t.audit.storage;
  const parts = keyspaces.flatMap(({ name, tables, shared_bytes, rows_max }) => {
    const inTables = tables.reduce((sum, table) => sum + table.rows_max, 0);
    const rest = {
      key: name,
      name: (tables.length === 0 ? texts.keyspaces : texts.others)[name] ?? name,
      size: shared_bytes,
      rows: Math.max(0, rows_max - inTables),
    };
    const own = tables.map((table) => ({
      key: `${name} ${table.name}`,
      name: texts.table(table.name.toLowerCase(), table.owner),
      size: table.disk_bytes,
      rows: table.rows_max,
    }));
    return [...own, rest];
  });
  parts.sort((one, other) => other.size - one.size);
  const beside: Part[] = [
    { key: "journals", name: texts.journals(journals.files), size: journals.disk_bytes },
  ];
  if (files !== null) {
    const words = files.is_complete ? texts.files : texts.filesAtLeast;
    beside.push({ key: "files", name: words(files.count), size: files.size_bytes });
  }
  return [...parts, ...beside];
}

function factsOf({ disk, headroom, reserve_bytes, memory, merges, written_out_at }: Stored) {
  const texts = t.audit.storage;
  const { unwritten_bytes, cache_bytes, cache_max_bytes } = memory;
  const room = disk === null ? "–" : t.overview.room(bytes(disk.free_bytes), bytes(disk.total_bytes));
  return [
    [texts.disk, room],
    [texts.headroom, texts.headrooms[headroom] ?? headroom],
    [texts.reserve, bytes(reserve_bytes)],
    [texts.unwritten, bytes(unwritten_bytes)],
    [texts.cache, texts.ofMost(bytes(cache_bytes), bytes(cache_max_bytes))],
    [texts.merges, texts.mergeWords(count(merges.ended), count(merges.running))],
    [texts.writtenOut, written_out_at === null ? "–" : <Time key="written" at={written_out_at} />],
  ] as const;
}
