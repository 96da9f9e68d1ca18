// Makes pictures of the UI small: at most 256 colours, packed as well as zlib can. Text and lines lose nothing one could see.
import { deflateSync, inflateSync } from "node:zlib";

const HEAD = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
const COLOURS_MAX = 256;

interface Picture {
  width: number;
  height: number;
  /** Red, green, blue of each point. */
  points: Buffer;
}

function chunks(png: Buffer): [string, Buffer][] {
  const found: [string, Buffer][] = [];
  for (let at = HEAD.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    found.push([png.toString("latin1", at + 4, at + 8), png.subarray(at + 8, at + 8 + length)]);
    at += length + 12;
  }
  return found;
}

/** The point that the filter of PNG guesses from its neighbours. */
function guess(filter: number, left: number, above: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  if (filter !== 4) return 0;
  const [toLeft, toAbove, toCorner] = [above - corner, left - corner, left + above - 2 * corner].map(
    Math.abs,
  );
  if ((toLeft ?? 0) <= (toAbove ?? 0) && (toLeft ?? 0) <= (toCorner ?? 0)) return left;
  return (toAbove ?? 0) <= (toCorner ?? 0) ? above : corner;
}

/** Reads what Chromium writes: eight bits for each of three or four channels, not interlaced. */
function decode(png: Buffer): Picture {
  const parts = chunks(png);
  const head = parts.find(([name]) => name === "IHDR")?.[1];
  if (head === undefined || head[8] !== 8 || head[12] !== 0) throw new Error("this is no PNG of Chromium");
  const [width, height, channels] = [head.readUInt32BE(0), head.readUInt32BE(4), head[9] === 6 ? 4 : 3];
  const raw = inflateSync(Buffer.concat(parts.filter(([name]) => name === "IDAT").map(([, data]) => data)));
  const row = width * channels;
  const lines = Buffer.alloc(row * height);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (row + 1)] ?? 0;
    for (let x = 0; x < row; x += 1) {
      const at = y * row + x;
      const left = x >= channels ? (lines[at - channels] ?? 0) : 0;
      const above = y > 0 ? (lines[at - row] ?? 0) : 0;
      const corner = x >= channels && y > 0 ? (lines[at - row - channels] ?? 0) : 0;
      lines[at] = (raw[y * (row + 1) + 1 + x] ?? 0) + guess(filter, left, above, corner);
    }
  }
  const points = Buffer.alloc(width * height * 3);
  for (let at = 0; at < width * height; at += 1) lines.copy(points, at * 3, at * channels, at * channels + 3);
  return { width, height, points };
}

const part = (colour: number, shift: number) => (colour >> shift) & 255;

/** The colours that are there most, and for each colour the nearest of them. */
function palette(colours: Uint32Array): { chosen: number[]; nearest: Map<number, number> } {
  const counts = new Map<number, number>();
  for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const byCount = [...counts].sort(([, a], [, b]) => b - a).map(([colour]) => colour);
  const chosen: number[] = [];
  const distance = (a: number, b: number) =>
    [16, 8, 0].reduce((sum, shift) => sum + (part(a, shift) - part(b, shift)) ** 2, 0);
  // Not two that nobody can tell apart, as long as there is a choice.
  for (const apart of [48, 0]) {
    for (const colour of byCount) {
      if (chosen.length >= COLOURS_MAX) break;
      if (chosen.every((other) => distance(colour, other) > apart)) chosen.push(colour);
    }
  }
  const nearest = new Map<number, number>();
  for (const colour of byCount) {
    let best = 0;
    chosen.forEach((other, index) => {
      if (distance(colour, other) < distance(colour, chosen[best] ?? 0)) best = index;
    });
    nearest.set(colour, best);
  }
  return { chosen, nearest };
}

const CRC = Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  let crc = 0xffffffff;
  for (const byte of body) crc = (CRC[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE((crc ^ 0xffffffff) >>> 0, framed.length - 4);
  return framed;
}

/** The same picture in fewer bytes. */
export function small(png: Buffer): Buffer {
  const { width, height, points } = decode(png);
  const colours = Uint32Array.from({ length: width * height }, (_, at) => points.readUIntBE(at * 3, 3));
  const { chosen, nearest } = palette(colours);
  const raw = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      raw[y * (width + 1) + 1 + x] = nearest.get(colours[y * width + x] ?? 0) ?? 0;
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3], 8);
  const table = Buffer.alloc(chosen.length * 3);
  chosen.forEach((colour, index) => {
    table.writeUIntBE(colour, index * 3, 3);
  });
  const packed = deflateSync(raw, { level: 9, memLevel: 9 });
  return Buffer.concat([
    HEAD,
    chunk("IHDR", head),
    chunk("PLTE", table),
    chunk("IDAT", packed),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
