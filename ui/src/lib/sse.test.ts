import { expect, it } from "vitest";
import { type ServerEvent, serverEvents } from "./sse";

async function read(...parts: string[]): Promise<ServerEvent[]> {
  const body = new ReadableStream<Uint8Array>({
    start(out) {
      for (const part of parts) out.enqueue(new TextEncoder().encode(part));
      out.close();
    },
  });
  const found: ServerEvent[] = [];
  for await (const event of serverEvents(body)) found.push(event);
  return found;
}

it("reads events however they were cut", async () => {
  const found = await read(
    "retry: 2000\n\nevent: cha",
    'nge\nid: 7-1\ndata: {"a"',
    ":1}\n\n: still here\n\n",
  );
  expect(found).toEqual([{ name: "change", id: "7-1", data: '{"a":1}' }]);
});

it("joins lines of data, and leaves an event out whose end did not come", async () => {
  expect(await read("data: a\r\ndata:b\r\n\r\ndata: c\n")).toEqual([{ name: "message", data: "a\nb" }]);
});

it("reads letters that were cut in the middle", async () => {
  const bytes = new TextEncoder().encode("data: Größe\n\n");
  const body = new ReadableStream<Uint8Array>({
    start(out) {
      for (const byte of bytes) out.enqueue(new Uint8Array([byte]));
      out.close();
    },
  });
  for await (const { data } of serverEvents(body)) expect(data).toBe("Größe");
});
