// Makes src/api/schema.gen.ts from the OpenAPI document; with --check it only compares.
// Usage: node scripts/types.mjs [--check] [openapi.json]
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const here = dirname(fileURLToPath(import.meta.url));
const isCheck = process.argv.includes("--check");
const given = process.argv.slice(2).find((argument) => !argument.startsWith("--"));
const document = resolve(given ?? join(here, "../../docs/reference/openapi.json"));
const target = join(here, "../src/api/schema.gen.ts");

const head = "// Made from docs/reference/openapi.json by `npm run types`; not edited by hand.\n";
const made = head + astToString(await openapiTS(pathToFileURL(document)));
if (!isCheck) {
  writeFileSync(target, made);
} else if (readFileSync(target, "utf8") !== made) {
  console.error(
    "ui/src/api/schema.gen.ts does not fit docs/reference/openapi.json: run `npm run types` in ui/",
  );
  process.exit(1);
}
