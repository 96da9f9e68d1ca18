// Server-sent events read from the body of an answer. `EventSource` does the same, but says neither why it was refused
// nor can it be told where to go on.
export interface ServerEvent {
  name: string;
  id?: string;
  data: string;
}

/** A line longer than this is none of ours. */
const LINE_MAX = 1 << 20;

/** The events of a body until it ends; `onBytes` is called for everything that comes, comments too. */
export async function* serverEvents(
  body: ReadableStream<Uint8Array>,
  onBytes: () => void = () => undefined,
): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let fields: Partial<ServerEvent> = {};
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      onBytes();
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > LINE_MAX) throw new Error("a line of the stream does not end");
      for (const line of lines) {
        if (line !== "" && line !== "\r") take(line.replace(/\r$/, ""), fields);
        else {
          if (fields.data !== undefined) yield { name: "message", data: "", ...fields };
          fields = {};
        }
      }
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

function take(line: string, fields: Partial<ServerEvent>): void {
  const colon = line.indexOf(":");
  const [name, value] =
    colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
  if (name === "event") fields.name = value;
  else if (name === "id") fields.id = value;
  else if (name === "data") fields.data = fields.data === undefined ? value : `${fields.data}\n${value}`;
}
