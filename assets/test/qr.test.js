import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import jsqrModule from "jsqr";
import { fillPrivateKey } from "../static/js/config.js";
import { draw, modules, QUIET_ZONE } from "../static/js/qr.js";
import { CONFIG, PRIVATE_KEY } from "./help/config.js";
import { open } from "./help/page.js";

const jsqr = jsqrModule.default;
const TEXT = fillPrivateKey(CONFIG, PRIVATE_KEY);

beforeEach(() => void open(""));

/** The picture as a camera would see it, four pixels a module, from what the SVG's path says. */
function rasterise(svg) {
  const size = Number(svg.getAttribute("viewBox").split(" ")[2]);
  const scale = 4;
  const width = size * scale;
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255);
  for (const [, x, y, run] of svg.querySelector("path").getAttribute("d").matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g)) {
    for (let row = y * scale; row < (Number(y) + 1) * scale; row += 1) {
      for (let column = x * scale; column < (Number(x) + Number(run)) * scale; column += 1) {
        pixels.fill(0, (row * width + column) * 4, (row * width + column) * 4 + 3);
      }
    }
  }
  return jsqr(pixels, width, width);
}

test("a phone reads the whole configuration from the picture", () => {
  assert.ok(TEXT.length > 320 && TEXT.length < 460, `${TEXT.length} bytes`);
  assert.equal(rasterise(draw(TEXT, "Laptop"))?.data, TEXT);
});

test("letters outside ASCII come through", () => {
  const text = "# 未来のノート\n" + TEXT;
  assert.equal(rasterise(draw(text, "ノート"))?.data, text);
});

test("four white modules surround the code, on white, in black", () => {
  const rows = modules(TEXT);
  const last = rows.length - 1;
  rows.forEach((row, y) =>
    row.forEach((dark, x) => {
      const outside = Math.min(x, y, last - x, last - y) < QUIET_ZONE;
      assert.ok(!(dark && outside), `dark at ${x} ${y}`);
    }),
  );
  assert.ok(rows[QUIET_ZONE][QUIET_ZONE], "the finder begins right inside");
  const svg = draw(TEXT, "Laptop");
  assert.equal(svg.querySelector("rect").getAttribute("fill"), "#ffffff");
  assert.equal(svg.querySelector("rect").getAttribute("width"), String(rows.length));
  assert.equal(svg.querySelector("path").getAttribute("fill"), "#000000");
});

test("it is a picture with a name, and sets no style that the policy of the page forbids", () => {
  const svg = draw(TEXT, "QR code for Laptop");
  assert.equal(svg.namespaceURI, "http://www.w3.org/2000/svg");
  assert.equal(svg.getAttribute("role"), "img");
  assert.equal(svg.getAttribute("aria-label"), "QR code for Laptop");
  assert.ok(!/style|<script/i.test(svg.outerHTML));
});

test("a text too long for medium error correction is still drawn, one too long for any is refused", () => {
  const long = "x".repeat(2900);
  assert.ok(modules(long).length > 170);
  assert.throws(() => draw("x".repeat(3000), "x"));
});
