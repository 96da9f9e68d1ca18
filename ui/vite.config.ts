// Builds the bundle that the binary embeds: hashed assets, each with a Brotli and a gzip twin made here so that
// the server never compresses a static file. The build fails when a first visit would load too much script.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const COMPRESSED = new Set([".js", ".css", ".svg", ".json", ".txt", ".map"]);
const SMALLEST = 512;
/** What the page may load before its first route, compressed with gzip. */
const INITIAL_BYTES_MAX = 180 * 1024;
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

/** Adds up the entry and everything it imports at once, and stops the build above the budget. */
function budget(): Plugin {
  return {
    name: "budget",
    apply: "build",
    generateBundle(_options, bundle) {
      const seen = new Set<string>();
      const sizeOf = (name: string): number => {
        const chunk = bundle[name];
        if (seen.has(name) || chunk?.type !== "chunk") return 0;
        seen.add(name);
        return chunk.imports.reduce((sum, next) => sum + sizeOf(next), gzipSync(chunk.code).length);
      };
      const entries = Object.values(bundle).filter((part) => part.type === "chunk" && part.isEntry);
      const total = entries.reduce((sum, part) => sum + sizeOf(part.fileName), 0);
      const said = `initial script: ${(total / 1024).toFixed(1)} KiB gzip of ${INITIAL_BYTES_MAX / 1024}`;
      if (total > INITIAL_BYTES_MAX) this.error(said);
      console.info(said);
    },
  };
}

/** Has the browser ask for the font together with the styles. */
function preloadFont(): Plugin {
  return {
    name: "preload-font",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(_html, { bundle = {} }) {
        const names = Object.keys(bundle).filter((name) => name.endsWith(".woff2"));
        return names.map((name) => ({
          tag: "link",
          attrs: { rel: "preload", as: "font", type: "font/woff2", crossorigin: true, href: `/${name}` },
          injectTo: "head" as const,
        }));
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
  plugins: [budget(), preloadFont(), licences(), precompress()],
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
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/health", "/play", "/docs"].map((path) => [path, "http://127.0.0.1:8080"]),
    ),
  },
});
