import assert from "node:assert/strict";
import { test } from "node:test";
import { open, until } from "./help/page.js";

open("");
const { start } = await import("../static/js/copy.js");

const PAGE = `
  <pre id="text">line 1\nline 2</pre><input id="link" value="https://vpn.example.net/?ref=abc" readonly>
  <button id="one" data-copy="#text" data-copied="Copied">Copy</button>
  <button id="two" data-copy="#link" data-copied="Copied"><span>*</span><span data-copy-label>Copy the link</span></button>`;

function visit(writeText) {
  const page = open(PAGE);
  Object.defineProperty(globalThis.navigator, "clipboard", { value: { writeText }, configurable: true });
  start();
  return { ...page, find: (selector) => page.document.querySelector(selector) };
}

test("a button copies the text and says so for two seconds", async () => {
  const copied = [];
  const page = visit(async (text) => void copied.push(text));
  const button = page.find("#one");
  button.click();
  await until(() => button.textContent === "Copied");
  assert.deepEqual(copied, ["line 1\nline 2"]);
  assert.equal(page.find("[role=status]").textContent, "Copied");
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(button.textContent, "Copied");
  await until(() => button.textContent === "Copy");
});

test("a field's value is copied, an icon in the button stays", async () => {
  const copied = [];
  const page = visit(async (text) => void copied.push(text));
  page.find("#two").click();
  await until(() => page.find("[data-copy-label]").textContent === "Copied");
  assert.deepEqual(copied, ["https://vpn.example.net/?ref=abc"]);
  assert.equal(page.find("#two").textContent, "*Copied");
});

test("pressing twice does not leave the button saying that it has copied", async () => {
  const page = visit(async () => {});
  const button = page.find("#one");
  button.click();
  await until(() => button.textContent === "Copied");
  button.click();
  await new Promise((resolve) => setTimeout(resolve, 2100));
  assert.equal(button.textContent, "Copy");
});

test("where copying is not allowed the text is left selected, and nothing is claimed", async () => {
  const page = visit(() => Promise.reject(new Error("denied")));
  page.find("#one").click();
  await until(() => page.document.getSelection().toString() === "line 1\nline 2");
  assert.equal(page.find("#one").textContent, "Copy");
});
