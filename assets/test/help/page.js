// A page to test the browser modules on: jsdom, with the globals that the modules use.
import { JSDOM, VirtualConsole } from "jsdom";
import { webcrypto } from "node:crypto";

const GLOBALS = ["window", "document", "location", "FormData", "navigator"];

/** Opens `html` as the page; `fetch` answers its requests. What it holds goes away with the next page. */
export function open(html, fetch) {
  const virtualConsole = new VirtualConsole();
  const complaints = [];
  virtualConsole.on("jsdomError", (error) => complaints.push(error.message));
  const dom = new JSDOM(`<!doctype html><html lang="en"><body>${html}</body></html>`, {
    url: "https://vpn.example.net/devices",
    virtualConsole,
    pretendToBeVisual: true,
  });
  for (const name of GLOBALS) {
    Object.defineProperty(globalThis, name, { value: dom.window[name], configurable: true, writable: true });
  }
  Object.defineProperty(globalThis, "crypto", { value: webcrypto, configurable: true, writable: true });
  globalThis.fetch = fetch ?? (() => Promise.reject(new Error("no request was expected")));
  return { dom, document: dom.window.document, window: dom.window, complaints };
}

/** What `fetch` gives for a reply of that status with that JSON. */
export function reply(status, json) {
  return { status, ok: status < 300, redirected: false, json: async () => structuredClone(json) };
}

/** Waits until `condition` holds, for two seconds at most. */
export async function until(condition) {
  const end = Date.now() + 2000;
  while (!condition()) {
    if (Date.now() > end) {
      throw new Error(`never came: ${condition}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
