import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import { JSDOM } from "jsdom";

const read = (path) => readFile(new URL(`../${path}`, import.meta.url), "utf8");

/** The names that the templates of the site use. */
const CLASSES = `
  page prose site-header site-nav site-footer brand nav-menu hero lead btn btn-primary btn-quiet btn-danger field hint
  tabs error form choices notice notice-good notice-warn notice-bad card plans plan price table table-stack table-wrap status status-up
  status-warn status-down meter badge code qr steps facts stack row cluster between visually-hidden skip-link icon
  empty toast`;

const SYMBOLS = `
  check alert download copy phone laptop server key globe shield mail clock menu arrow-right plus trash refresh user`;

const words = (text) => text.trim().split(/\s+/);

test("the built style sheet has every class that the templates use", async () => {
  const css = await read("static/app.css");
  for (const name of words(CLASSES)) {
    assert.match(css, new RegExp(`\\.${name}(?![\\w-])`), `.${name}`);
  }
});

test("colours stand in the tokens alone, save the white of a QR code, the black of print and a veil", async () => {
  for (const name of await readdir(new URL("../css/", import.meta.url))) {
    if (name === "app.css") {
      continue;
    }
    const text = (await read(`css/${name}`)).replace(/\/\*[^]*?\*\//g, "");
    const colours = text.match(/#[0-9a-f]{3,8}\b|(rgb|hsl|oklch)\([^)]*\)/gi) ?? [];
    const known = { "data.css": 1, "print.css": 1, "components.css": 1 }[name] ?? 0;
    assert.equal(colours.length, known, `${name}: ${colours}`);
    assert.doesNotMatch(text, /gradient|box-shadow|text-shadow|backdrop-filter/, name);
  }
});

test("the sprite has every icon, in one stroke width, drawn in the colour of the text", async () => {
  const { document } = new JSDOM(await read("static/img/sprite.svg"), { contentType: "image/svg+xml" }).window;
  const ids = [...document.querySelectorAll("symbol")].map((symbol) => symbol.id);
  assert.deepEqual(ids.sort(), words(SYMBOLS).sort());
  assert.equal(document.documentElement.getAttribute("stroke-width"), "1.5");
  assert.equal(document.querySelectorAll("symbol [stroke], symbol [fill], symbol [stroke-width]").length, 0);
});

test("the mark and the small icon are pictures of paths, not of a font's letters", async () => {
  for (const name of ["logo.svg", "favicon.svg"]) {
    const { document } = new JSDOM(await read(`static/img/${name}`), { contentType: "image/svg+xml" }).window;
    assert.ok(document.querySelectorAll("path").length >= 2);
    assert.equal(document.querySelectorAll("text, image, script").length, 0);
    assert.equal([...document.querySelectorAll("[stroke='#d2492a']")].length, 1, "one stroke of vermilion");
  }
});
