import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";

globalThis.crypto ??= webcrypto;
const { clamp, generateKeyPair, publicFromPrivate } = await import("../static/js/x25519.js");
const library = await import("../static/vendor/x25519.js");

const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (array) => Buffer.from(array).toString("hex");

// RFC 7748, section 6.1: private key, public key.
const VECTORS = [
  [
    "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
  ],
  [
    "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
    "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
  ],
];

/** A WebCrypto that notes what it is asked, so that a test sees which of the two ways was gone. */
function noting(calls) {
  const through = (name) => (...args) => {
    calls.push(name);
    return webcrypto.subtle[name](...args);
  };
  return { importKey: through("importKey"), deriveBits: through("deriveBits") };
}

test("WebCrypto gives the public keys of RFC 7748", async () => {
  for (const [privateKey, publicKey] of VECTORS) {
    const calls = [];
    assert.equal(hex(await publicFromPrivate(bytes(privateKey), noting(calls))), publicKey);
    assert.deepEqual(calls, ["importKey", "importKey", "deriveBits"]);
  }
});

test("the library gives the public keys of RFC 7748 where there is no WebCrypto", async () => {
  for (const [privateKey, publicKey] of VECTORS) {
    assert.equal(hex(await publicFromPrivate(bytes(privateKey), null)), publicKey);
  }
});

test("the library steps in for a browser whose WebCrypto does not know the curve", async () => {
  const old = { importKey: () => Promise.reject(new DOMException("Unrecognized name.", "NotSupportedError")) };
  for (const [privateKey, publicKey] of VECTORS) {
    assert.equal(hex(await publicFromPrivate(bytes(privateKey), old)), publicKey);
  }
});

test("both ways agree on keys that are in no document", async () => {
  for (let round = 0; round < 20; round += 1) {
    const key = webcrypto.getRandomValues(new Uint8Array(32));
    assert.equal(hex(await publicFromPrivate(key)), hex(library.getPublicKey(key)));
  }
});

test("a pair is two base64 keys that WireGuard takes: 32 bytes, the private one clamped, the public one its own", async () => {
  const seen = new Set();
  for (let round = 0; round < 50; round += 1) {
    const pair = await generateKeyPair();
    assert.deepEqual(Object.keys(pair).sort(), ["privateKey", "publicKey"]);
    assert.match(pair.privateKey, /^[A-Za-z0-9+/]{43}=$/);
    assert.match(pair.publicKey, /^[A-Za-z0-9+/]{43}=$/);
    const key = Uint8Array.from(Buffer.from(pair.privateKey, "base64"));
    assert.equal(hex(key), hex(clamp(key.slice())));
    assert.equal(Buffer.from(pair.publicKey, "base64").toString("hex"), hex(library.getPublicKey(key)));
    seen.add(pair.privateKey);
  }
  assert.equal(seen.size, 50);
});

test("clamping is that of `wg genkey`, and does not change the public key", () => {
  const all = clamp(new Uint8Array(32).fill(255));
  assert.deepEqual([all[0], all[31]], [248, 127]);
  const none = clamp(new Uint8Array(32));
  assert.deepEqual([none[0], none[31]], [0, 64]);
  const [privateKey, publicKey] = VECTORS[0];
  assert.equal(hex(library.getPublicKey(clamp(bytes(privateKey)))), publicKey);
});

test("a private key of another length is refused", async () => {
  await assert.rejects(publicFromPrivate(new Uint8Array(31)), RangeError);
});
