import assert from "node:assert/strict";
import { test } from "node:test";
import { fillPrivateKey } from "../static/js/config.js";
import { CONFIG, PRIVATE_KEY } from "./help/config.js";

test("the key takes the place of the blank, and nothing else changes", () => {
  const filled = fillPrivateKey(CONFIG, PRIVATE_KEY);
  assert.equal(filled, CONFIG.replace("<your private key>", PRIVATE_KEY));
  assert.match(filled, new RegExp(`^PrivateKey = ${PRIVATE_KEY.replace("+", "\\+")}$`, "m"));
});

test("a key with characters that mean something in a replacement stays as it is", () => {
  assert.match(fillPrivateKey(CONFIG, "$&$1$$"), /^PrivateKey = \$&\$1\$\$$/m);
});

test("a configuration without the blank, or with two, is refused", () => {
  const filled = fillPrivateKey(CONFIG, PRIVATE_KEY);
  assert.throws(() => fillPrivateKey(filled, PRIVATE_KEY), /has 0/);
  assert.throws(() => fillPrivateKey(CONFIG + CONFIG, PRIVATE_KEY), /has 2/);
  assert.throws(() => fillPrivateKey("# PrivateKey = <your private key>\n", PRIVATE_KEY), /has 0/);
});
