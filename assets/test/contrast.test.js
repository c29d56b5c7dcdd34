import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const source = await readFile(new URL("../css/app.css", import.meta.url), "utf8");

/** The tokens of the first `:root` block after `start`. */
function tokens(start) {
  const block = /:root\s*{([^}]*)}/.exec(source.slice(source.indexOf(start)))[1];
  return Object.fromEntries([...block.matchAll(/--([a-z-]+):\s*(#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]));
}

const LIGHT = tokens(":root");
const THEMES = { light: LIGHT, dark: { ...LIGHT, ...tokens("@media screen and (prefers-color-scheme: dark)") } };

/** WCAG 2.2: relative luminance of sRGB, and the ratio of two. */
function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function ratio(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** What stands on what, and the least ratio. */
const PAIRS = [
  ...["ink", "muted", "ai", "moss", "amber", "brick"].map((text) => [text, "paper", 7]),
  ...["ink", "muted"].map((text) => [text, "wash", 7]),
  ["ai", "wash", 4.5],
  ["edge", "paper", 4.5],
  ["shu", "paper", 4.5],
  ["on-shu", "shu", 4.5],
  ["on-shu", "shu-deep", 4.5],
  ["on-brick", "brick", 4.5],
];

test("the ratio is that of WCAG", () => {
  assert.equal(ratio("#000000", "#ffffff"), 21);
  assert.ok(Math.abs(ratio("#767676", "#ffffff") - 4.54) < 0.01);
});

for (const [theme, colours] of Object.entries(THEMES)) {
  test(`in the ${theme} theme text has 7:1 or more, controls 4.5:1`, () => {
    for (const [front, back, least] of PAIRS) {
      const got = ratio(colours[front], colours[back]);
      assert.ok(got >= least, `${front} on ${back}: ${got.toFixed(2)}, wanted ${least}`);
    }
  });
}

test("every token has a dark value of its own, and print is light", () => {
  assert.deepEqual(Object.keys(tokens("@media screen and (prefers-color-scheme: dark)")).sort(), Object.keys(LIGHT).sort());
  assert.doesNotMatch(source, /@media \(prefers-color-scheme/);
});
