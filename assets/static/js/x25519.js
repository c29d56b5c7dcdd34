/**
 * WireGuard key pairs, made in the browser, so that the private key never leaves it.
 *
 * The 32 private bytes come from the browser's own random source and are clamped as `wg genkey` does. The public key is
 * the private one times the base point of Curve25519 (RFC 7748): by WebCrypto where it knows X25519, else by the library
 * in ../vendor/, which is loaded only then.
 */

/** What precedes the 32 bytes of an X25519 private key in PKCS #8 (RFC 8410). */
const PKCS8_HEAD = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20];

/** Makes a new pair: `{privateKey, publicKey}`, each 32 bytes in base64. */
export async function generateKeyPair() {
  const privateBytes = clamp(crypto.getRandomValues(new Uint8Array(32)));
  const publicBytes = await publicFromPrivate(privateBytes);
  return { privateKey: toBase64(privateBytes), publicKey: toBase64(publicBytes) };
}

/** The public key, 32 bytes, of a private one, 32 bytes; `subtle` is the WebCrypto to use, if any. */
export async function publicFromPrivate(privateBytes, subtle = globalThis.crypto?.subtle) {
  if (privateBytes.length !== 32) {
    throw new RangeError("an X25519 private key has 32 bytes");
  }
  // WebCrypto is missing outside secure contexts, and older browsers have one that does not know the curve.
  try {
    return await byWebCrypto(privateBytes, subtle);
  } catch {
    const { getPublicKey } = await import("../vendor/x25519.js");
    return getPublicKey(privateBytes);
  }
}

/** A public key is the secret shared with the base point; so the private key need not be exportable. */
async function byWebCrypto(privateBytes, subtle) {
  const name = "X25519";
  const basePoint = new Uint8Array(32);
  basePoint[0] = 9;
  const pkcs8 = new Uint8Array([...PKCS8_HEAD, ...privateBytes]);
  const privateKey = await subtle.importKey("pkcs8", pkcs8, { name }, false, ["deriveBits"]);
  pkcs8.fill(0);
  const base = await subtle.importKey("raw", basePoint, { name }, false, []);
  return new Uint8Array(await subtle.deriveBits({ name, public: base }, privateKey, 256));
}

/** Sets and clears the bits that every X25519 private key has set and clear; changes the array in place. */
export function clamp(bytes) {
  bytes[0] &= 248;
  bytes[31] &= 127;
  bytes[31] |= 64;
  return bytes;
}

function toBase64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}
