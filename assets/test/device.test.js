import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { CONFIG } from "./help/config.js";
import { open, reply, until } from "./help/page.js";

open("");
const { start } = await import("../static/js/device.js");

const PAGE = `
  <section id="device-form-section">
    <form id="device-form" method="post" action="/devices" data-filename-prefix="mirai-"
          data-offline-text="The server could not be reached. Try again." data-qr-label="QR code with the configuration">
      <input type="hidden" name="csrf" value="token-1">
      <p data-form-error role="alert"></p>
      <label for="name">Name</label><input id="name" name="name" value="Mika's phone">
      <p data-error-for="name" id="name-error"></p>
      <select name="region"><option value="jp" selected>Japan</option></select>
      <button>Add</button>
    </form>
  </section>
  <section id="device-result" hidden>
    <h2>Ready</h2>
    <figure id="config-qr"></figure>
    <pre id="config-text"></pre>
    <a id="download-config" download>Download</a>
    <button type="button" data-copy="#config-text">Copy</button>
    <a id="device-page" href="/devices">To the device</a>
  </section>`;

const DONE = {
  device: { id: "0190", name: "Mika's phone" },
  config: CONFIG,
  filename: "mirai-phone.conf",
  page: "/devices/0190",
};

let blobs;
beforeEach(() => {
  blobs = [];
  URL.createObjectURL = (blob) => `blob:https://vpn.example.net/${blobs.push(blob)}`;
});

/** The page, its requests, and a way to press the button. `answers` are given in turn; an Error is a failed network. */
function visit(answers, html = PAGE) {
  const requests = [];
  const page = open(html, async (url, init) => {
    requests.push({ url, init, fields: Object.fromEntries(init.body) });
    const answer = answers.shift();
    if (answer instanceof Error) {
      throw answer;
    }
    return answer;
  });
  start();
  const find = (selector) => page.document.querySelector(selector);
  return { ...page, requests, find, submit: () => find("form button").click() };
}

test("adding a device shows its file, QR and download, with a key that the server never saw", async () => {
  const page = visit([reply(201, DONE)]);
  page.submit();
  await until(() => !page.find("#device-result").hidden);

  const [{ url, init, fields }] = page.requests;
  assert.equal(url, "/devices");
  assert.equal(init.method, "POST");
  assert.equal(init.headers.Accept, "application/json");
  assert.ok(init.body instanceof URLSearchParams, "sent as application/x-www-form-urlencoded");
  assert.deepEqual(Object.keys(fields).sort(), ["csrf", "name", "public_key", "region"]);
  assert.equal(fields.csrf, "token-1");
  assert.match(fields.public_key, /^[A-Za-z0-9+/]{43}=$/);

  const text = page.find("#config-text").textContent;
  const key = /^PrivateKey = ([A-Za-z0-9+/]{43}=)$/m.exec(text)[1];
  assert.equal(text, CONFIG.replace("<your private key>", key));
  assert.ok(!JSON.stringify(page.requests).includes(key) && ![...init.body].flat().includes(key));

  assert.equal(page.find("#config-qr svg").getAttribute("aria-label"), "QR code with the configuration");
  const link = page.find("#download-config");
  assert.match(link.href, /^blob:/);
  assert.equal(link.download, "mirai-phone.conf");
  assert.equal(await blobs[0].text(), text);
  assert.equal(page.find("#device-page").getAttribute("href"), "/devices/0190");
  assert.ok(page.find("#device-form-section").hidden);
  assert.equal(page.document.activeElement, page.find("#device-result h2"));
});

test("the private key is in no storage, address, cookie or console", async (t) => {
  const said = ["log", "info", "warn", "error", "debug"].map((name) => t.mock.method(console, name, () => {}));
  const page = visit([reply(201, DONE)]);
  page.submit();
  await until(() => !page.find("#device-result").hidden);
  assert.equal(page.window.localStorage.length + page.window.sessionStorage.length, 0);
  assert.equal(page.window.location.href, "https://vpn.example.net/devices");
  assert.equal(page.document.cookie, "");
  said.forEach((method) => assert.equal(method.mock.callCount(), 0));
});

test("a refused field is told beside it, and the form can be sent again", async () => {
  const problem = { detail: "Invalid.", errors: [{ field: "name", code: "taken", detail: "You have one of that name." }] };
  const page = visit([reply(422, problem), reply(201, DONE)]);
  page.submit();
  await until(() => page.find("#name-error").textContent);
  assert.equal(page.find("#name-error").textContent, "You have one of that name.");
  assert.equal(page.find("#name").getAttribute("aria-invalid"), "true");
  assert.equal(page.document.activeElement, page.find("#name"));
  assert.equal(page.find("[data-form-error]").textContent, "");
  await until(() => !page.find("form button").disabled);
  assert.ok(page.find("#device-result").hidden);

  page.submit();
  await until(() => !page.find("#device-result").hidden);
  assert.equal(page.find("#name-error").textContent, "");
  assert.ok(!page.find("#name").hasAttribute("aria-invalid"));
});

test("any other problem is told above the form", async () => {
  const page = visit([reply(409, { detail: "All five devices of your plan are in use." })]);
  page.submit();
  await until(() => page.find("[data-form-error]").textContent);
  assert.equal(page.find("[data-form-error]").textContent, "All five devices of your plan are in use.");
  await until(() => !page.find("form button").disabled);
});

test("an error of a field that the form does not have is not lost", async () => {
  const page = visit([reply(422, { detail: "Invalid.", errors: [{ field: "server_id", detail: "That server is gone." }] })]);
  page.submit();
  await until(() => page.find("[data-form-error]").textContent === "That server is gone.");
});

test("a failed network is told in the page's words, and the second try sends the same key", async () => {
  const page = visit([new TypeError("failed to fetch"), reply(201, DONE)]);
  page.submit();
  await until(() => page.find("[data-form-error]").textContent);
  assert.equal(page.find("[data-form-error]").textContent, "The server could not be reached. Try again.");
  await until(() => !page.find("form button").disabled);
  page.submit();
  await until(() => !page.find("#device-result").hidden);
  assert.equal(page.requests[0].fields.public_key, page.requests[1].fields.public_key);
});

test("a reply that is no JSON, as a proxy's error page, is told like a failed network", async () => {
  const page = visit([{ status: 502, ok: false, json: () => Promise.reject(new SyntaxError("<")) }]);
  page.submit();
  await until(() => page.find("[data-form-error]").textContent === "The server could not be reached. Try again.");
});

test("pressing twice adds one device", async () => {
  const page = visit([reply(201, DONE)]);
  page.submit();
  assert.ok(page.find("form button").disabled);
  page.find("form").dispatchEvent(new page.window.Event("submit", { cancelable: true, bubbles: true }));
  await until(() => !page.find("#device-result").hidden);
  assert.equal(page.requests.length, 1);
});

test("one who was signed out meanwhile gets the page anew", async () => {
  const page = visit([reply(401, { detail: "Sign in." })]);
  page.submit();
  await until(() => page.complaints.some((message) => message.includes("navigation")));
  assert.ok(page.find("#device-result").hidden);
});

test("leaving before the key was saved asks first, afterwards not", async () => {
  const page = visit([reply(201, DONE)]);
  const leave = () => {
    const event = new page.window.Event("beforeunload", { cancelable: true });
    page.window.dispatchEvent(event);
    return event.defaultPrevented;
  };
  assert.ok(!leave());
  page.submit();
  await until(() => !page.find("#device-result").hidden);
  assert.ok(leave());
  page.find("[data-copy]").click();
  assert.ok(!leave());
});

test("a form for a new key works the same, and a file without a name from the server gets one", async () => {
  const html = PAGE.replace('id="device-form" ', "data-device-form ").replace('action="/devices"', 'action="/devices/0190/rekey"');
  const page = visit([reply(200, { ...DONE, filename: undefined })], html);
  page.submit();
  await until(() => !page.find("#device-result").hidden);
  assert.equal(page.requests[0].url, "/devices/0190/rekey");
  assert.equal(page.find("#download-config").download, "mirai-mika-s-ph.conf");
});
