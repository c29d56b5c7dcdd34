// Bundles the two libraries that the browser gets, each from a one-line entry beside this file, into static/vendor/,
// and copies their licences there. `npm run build:vendor` writes; test/vendor.test.js compares.
import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = new URL("..", import.meta.url);
const LIBRARIES = ["@noble/curves", "@noble/hashes", "qr"];

/** Makes the files in memory: a map from path below static/vendor/ to text. */
export async function make() {
  const files = new Map();
  for (const name of ["x25519.js", "qr.js"]) {
    const result = await build({
      absWorkingDir: fileURLToPath(root),
      entryPoints: [`vendor/${name}`],
      bundle: true,
      minify: true,
      format: "esm",
      target: "es2022",
      platform: "browser",
      charset: "utf8",
      legalComments: "inline",
      write: false,
    });
    files.set(name, result.outputFiles[0].text);
  }
  files.set("LICENSES.txt", await licences());
  return files;
}

async function licences() {
  const parts = [];
  for (const library of LIBRARIES) {
    const folder = new URL(`node_modules/${library}/`, root);
    const about = JSON.parse(await readFile(new URL("package.json", folder), "utf8"));
    // One library is under MIT or Apache-2.0, at the user's choice: it is used under MIT.
    const text = await readFile(new URL("LICENSE-MIT", folder), "utf8").catch(() => readFile(new URL("LICENSE", folder), "utf8"));
    parts.push(`${about.name} ${about.version} (${about.license})\n\n${text.replace(/\r\n/g, "\n").trim()}\n`);
  }
  return parts.join(`\n${"-".repeat(78)}\n\n`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [name, text] of await make()) {
    await writeFile(new URL(`static/vendor/${name}`, root), text);
  }
}
