import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import { make } from "../vendor/build.js";

const read = (path) => readFile(new URL(`../${path}`, import.meta.url), "utf8");

test("the committed bundles are what `npm run build:vendor` makes now", async () => {
  const made = await make();
  const committed = await readdir(new URL("../static/vendor/", import.meta.url));
  assert.deepEqual(committed.sort(), [...made.keys()].sort());
  for (const [name, text] of made) {
    assert.ok((await read(`static/vendor/${name}`)) === text, `static/vendor/${name} is stale: npm run build:vendor`);
  }
});

test("the page's policy is kept: nothing makes code from text or reaches another host", async () => {
  for (const name of ["x25519.js", "qr.js"]) {
    const text = await read(`static/vendor/${name}`);
    assert.doesNotMatch(text, /\beval\(|new Function|import\(|fetch\(|innerHTML/, name);
    assert.match(text, /\/\*! ?[^]*MIT/, `${name} names its licence`);
  }
  for (const name of await readdir(new URL("../static/js/", import.meta.url))) {
    const text = await read(`static/js/${name}`);
    const code = text.replace(/\/\*[^]*?\*\/|\/\/ .*/g, "");
    assert.doesNotMatch(code, /\beval\(|new Function|innerHTML|\.style\b|localStorage|sessionStorage|console\./, name);
    assert.ok(text.startsWith("/**"), `${name} says what it is`);
    assert.ok(text.split("\n").length <= 150, `${name} is short`);
  }
});

test("the lock file and the settings name no host to get packages from", async () => {
  assert.doesNotMatch(await read("package-lock.json"), /"resolved"/);
  assert.doesNotMatch(await read(".npmrc"), /registry\s*=|:\/\//);
  const { devDependencies, dependencies } = JSON.parse(await read("package.json"));
  assert.equal(dependencies, undefined);
  for (const [name, version] of Object.entries(devDependencies)) {
    assert.match(version, /^\d+\.\d+\.\d+$/, `${name} is pinned`);
  }
});
