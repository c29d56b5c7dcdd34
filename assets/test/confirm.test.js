import assert from "node:assert/strict";
import { test } from "node:test";
import { open, until } from "./help/page.js";

open("");
const { start } = await import("../static/js/confirm.js");

const PAGE = `
  <form method="post" action="/devices/1/delete" data-confirm="Remove this device?" data-confirm-yes="Remove"
        data-confirm-no="Keep">
    <input name="csrf" value="t"><button name="what" value="all">Remove</button>
  </form>`;

/** The page; `sent` are the buttons whose forms went out. jsdom has no modal dialogs, so they are played here. */
function visit(html = PAGE) {
  const page = open(html);
  const sent = [];
  const { HTMLDialogElement } = page.window;
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
    this.dispatchEvent(new page.window.Event("close"));
  };
  start();
  page.document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) {
      sent.push(event.submitter?.value);
      event.preventDefault();
    }
  });
  const find = (selector) => page.document.querySelector(selector);
  const press = (label) => [...page.document.querySelectorAll("dialog button")].find((b) => b.textContent === label).click();
  return { ...page, sent, find, press, submit: () => find("form button").click() };
}

test("the question is asked in the page's words, and yes sends the form once, by the button pressed", async () => {
  const page = visit();
  page.submit();
  assert.equal(page.find("dialog p").textContent, "Remove this device?");
  assert.ok(page.find("dialog").open);
  assert.deepEqual(page.sent, []);
  assert.equal(page.document.activeElement.textContent, "Keep");
  page.press("Remove");
  await until(() => page.sent.length > 0);
  assert.deepEqual(page.sent, ["all"]);
  assert.equal(page.find("form input[name=sure]").value, "yes");
  assert.equal(page.find("dialog"), null);
});

test("no keeps everything, and the next try asks again", async () => {
  const page = visit();
  page.submit();
  page.press("Keep");
  await until(() => page.find("dialog") === null);
  assert.deepEqual(page.sent, []);
  assert.equal(page.find("form input[name=sure]"), null);
  page.submit();
  assert.ok(page.find("dialog"));
});

test("Escape, which closes the dialog, means no", async () => {
  const page = visit();
  page.submit();
  page.find("dialog").close();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(page.sent, []);
});

test("a second sending is asked about again", async () => {
  const page = visit();
  page.submit();
  page.press("Remove");
  await until(() => page.sent.length === 1);
  page.submit();
  assert.ok(page.find("dialog"));
  assert.equal(page.sent.length, 1);
});

test("a form without a question goes out at once", () => {
  const page = visit(`<form method="post"><button value="plain">Send</button></form>`);
  page.submit();
  assert.deepEqual(page.sent, ["plain"]);
});

test("a browser without dialogs asks in its own", async () => {
  const page = visit();
  delete page.window.HTMLDialogElement.prototype.showModal;
  const asked = [];
  page.window.confirm = (question) => asked.push(question) > 1;
  page.submit();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(page.sent, []);
  page.submit();
  await until(() => page.sent.length === 1);
  assert.deepEqual(asked, ["Remove this device?", "Remove this device?"]);
});
