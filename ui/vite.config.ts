// Builds the bundle that the binary embeds: hashed assets, each with a Brotli and a gzip twin made here so that
// the server never compresses a static file. The build fails when a first visit would load too much script.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin, type Rolldown } from "vite";

const COMPRESSED = new Set([".js", ".css", ".svg", ".json", ".txt", ".map"]);
const SMALLEST = 512;
/** What the page may load before its first route, compressed with gzip. */
const INITIAL_BYTES_MAX = 180 * 1024;
/** What a first visit loads, each with all it needs at once in one chunk. */
const FIRST = [
  { name: "start", module: "src/main.tsx" },
  { name: "home", module: "src/home.ts" },
];
const SHIPPED = [
  "@fontsource-variable/inter",
  "@radix-ui/react-dropdown-menu",
  "@tanstack/react-query",
  "@tanstack/react-router",
  "openapi-fetch",
  "react",
  "react-dom",
  "uplot",
];

function precompress(): Plugin {
  let outDir = "dist";
  return {
    name: "precompress",
    apply: "build",
    configResolved(config) {
      outDir = resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const entry of readdirSync(outDir, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (!entry.isFile() || !COMPRESSED.has(extname(entry.name))) continue;
        const bytes = readFileSync(path);
        if (bytes.length < SMALLEST) continue;
        const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: quality }));
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

type Modules = { getModuleInfo: (id: string) => { importedIds: string[] } | null };

/** Chunks of whole parts: each file costs a slow machine milliseconds. What stands in two is of the earlier one. */
const groups = FIRST.map(({ name, module }, place) => ({
  debugName: name,
  priority: FIRST.length - place,
  name: (id: string, modules: Modules) => {
    const reached = new Set([resolve(import.meta.dirname, module)]);
    for (const one of reached) {
      for (const next of modules.getModuleInfo(one)?.importedIds ?? []) reached.add(next);
    }
    return reached.has(id) ? name : null;
  },
}));

/** The files of what a first visit loads, with everything they import at once. */
function firstOf(bundle: Rolldown.OutputBundle): string[] {
  const chunks = Object.values(bundle).filter((part) => part.type === "chunk");
  // By what is in them: a chunk that several modules were put into stands for none of them.
  const roots = FIRST.map(({ module }) => {
    const path = resolve(import.meta.dirname, module);
    const chunk = chunks.find(({ moduleIds }) => moduleIds.includes(path));
    if (chunk === undefined) throw new Error(`no chunk has ${module} in it`);
    return chunk.fileName;
  });
  const first = new Set(roots);
  for (const name of first) {
    const part = bundle[name];
    for (const next of part?.type === "chunk" ? part.imports : []) first.add(next);
  }
  return [...first];
}

/** Has Chromium compile what a first visit runs while it comes, off the thread that paints; others see a comment. */
function compileEarly(): Plugin {
  return {
    name: "compile-early",
    apply: "build",
    enforce: "post",
    generateBundle: {
      // The comment counts at the very beginning, in front of what others put there.
      order: "post",
      handler(_options, bundle) {
        for (const name of firstOf(bundle)) {
          const part = bundle[name];
          if (part?.type === "chunk") part.code = `//# allFunctionsCalledOnLoad\n${part.code}`;
        }
      },
    },
  };
}

/** Adds up what a first visit loads, and stops the build above the budget. */
function budget(): Plugin {
  return {
    name: "budget",
    apply: "build",
    generateBundle(_options, bundle) {
      const sizes = firstOf(bundle).map((name) => {
        const part = bundle[name];
        return part?.type === "chunk" ? gzipSync(part.code).length : 0;
      });
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const said = `initial script: ${(total / 1024).toFixed(1)} KiB gzip of ${INITIAL_BYTES_MAX / 1024}`;
      if (total > INITIAL_BYTES_MAX) this.error(said);
      console.info(said);
    },
  };
}

/** Has the browser ask for the font and for the first page together with the styles and the start. */
function preload(): Plugin {
  return {
    name: "preload",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle = {} }) {
        const of = (name: string) => ({ crossorigin: true, href: `/${name}` });
        const fonts = Object.keys(bundle).filter((name) => name.endsWith(".woff2"));
        const chunks = firstOf(bundle).filter((name) => !html.includes(name));
        const links = [
          ...chunks.map((name) => ({ rel: "modulepreload", ...of(name) })),
          ...fonts.map((name) => ({ rel: "preload", as: "font", type: "font/woff2", ...of(name) })),
        ];
        return links.map((attrs) => ({ tag: "link", attrs, injectTo: "head" as const }));
      },
    },
  };
}

/** The licences of what is in the bundle, as they ask for. */
function licences(): Plugin {
  return {
    name: "licences",
    apply: "build",
    generateBundle() {
      const texts = SHIPPED.map((name) => {
        const file = ["LICENSE", "LICENSE.md", "LICENSE.txt"]
          .map((leaf) => join("node_modules", name, leaf))
          .find(existsSync);
        return `${name}\n\n${file === undefined ? "MIT" : readFileSync(file, "utf8").trim()}\n`;
      });
      this.emitFile({ type: "asset", fileName: "licences.txt", source: texts.join("\n---\n\n") });
    },
  };
}

export default defineConfig({
  plugins: [budget(), compileEarly(), preload(), licences(), precompress()],
  // Scripts find their neighbours relative to themselves; only the page names files from the root, and the server turns
  // these names into relative ones, so that everything also works below a path.
  experimental: {
    renderBuiltUrl: (name, { hostType }) => (hostType === "html" ? `/${name}` : { relative: true }),
  },
  build: {
    target: "es2022",
    emptyOutDir: true,
    // The content security policy of the server forbids inline scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { checks: { moduleLevelDirective: false }, output: { codeSplitting: { groups } } },
  },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/health", "/play", "/docs"].map((path) => [path, "http://127.0.0.1:8080"]),
    ),
  },
});
