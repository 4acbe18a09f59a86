// Bundles the replay page's script into display/replay.js: `make web`.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { build } from "esbuild";

const SOURCES = new URL("source/", import.meta.url);
const OUT = new URL("../../display/replay.js", import.meta.url);

// A hash of the sources, by which a test checks that the bundle was built from them.
const digest = createHash("sha256");
for (const name of readdirSync(SOURCES).sort()) digest.update(readFileSync(new URL(name, SOURCES)));
digest.update(readFileSync(new URL("package-lock.json", import.meta.url)));

const licence = readFileSync(new URL("node_modules/uplot/LICENSE", import.meta.url), "utf8");
await build({
  entryPoints: [new URL("page.js", SOURCES).pathname],
  outfile: OUT.pathname,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2020",
  charset: "utf8",
  loader: { ".css": "text" },
  banner: {
    js: `// Built from web/replay by \`make web\`: edit those sources, not this file. Sources: ${digest.digest("hex")}
/* Holds uPlot 1.6.32 (https://github.com/leeoniya/uPlot):

${licence.trim()}
*/`,
  },
});
