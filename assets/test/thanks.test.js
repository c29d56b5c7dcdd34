import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { open, reply } from "./help/page.js";

open("");
const { start } = await import("../static/js/thanks.js");

const PAGE = `<p data-poll-url="/thanks/state?session_id=cs_1">Waiting</p><p data-poll-late hidden>It takes longer.</p>`;

/** Lets `ms` of the page's time go by, in steps that leave room for replies. */
async function pass(ms) {
  for (let done = 0; done < ms; done += 50) {
    mock.timers.tick(50);
    for (let turn = 0; turn < 10; turn += 1) {
      await Promise.resolve();
    }
  }
}

function visit(t, states, html = PAGE) {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const seen = { requests: [], reloads: 0 };
  const page = open(html, async (url) => {
    seen.requests.push(url);
    const state = states.length > 1 ? states.shift() : states[0];
    if (state instanceof Error) {
      throw state;
    }
    return typeof state === "number" ? reply(state, {}) : reply(200, { state });
  });
  start(() => (seen.reloads += 1));
  return { ...page, seen };
}

test("the page is loaded again as soon as the payment is there", async (t) => {
  const { seen } = visit(t, ["pending", "pending", "active"]);
  await pass(900);
  assert.equal(seen.requests.length, 0);
  await pass(200);
  assert.deepEqual(seen.requests, ["/thanks/state?session_id=cs_1"]);
  assert.equal(seen.reloads, 0);
  await pass(3000);
  assert.deepEqual([seen.requests.length, seen.reloads], [3, 1]);
  await pass(10_000);
  assert.equal(seen.requests.length, 3, "then it asks no more");
});

test("a payment that failed is not waited for", async (t) => {
  const { seen } = visit(t, ["failed"]);
  await pass(1100);
  assert.equal(seen.reloads, 1);
});

test("a server that is away for a moment, or a network, is asked again", async (t) => {
  const { seen } = visit(t, [new TypeError("offline"), 503, 429, "active"]);
  await pass(8000);
  assert.deepEqual([seen.requests.length, seen.reloads], [4, 1]);
});

test("after a minute it stops and says that it takes longer", async (t) => {
  const { document, seen } = visit(t, ["pending"]);
  await pass(50_000);
  assert.ok(document.querySelector("[data-poll-late]").hidden);
  await pass(15_000);
  assert.ok(!document.querySelector("[data-poll-late]").hidden);
  assert.ok(document.querySelector("[data-poll-url]").hidden);
  const asked = seen.requests.length;
  assert.ok(asked > 18 && asked < 30, `asked ${asked} times`);
  await pass(20_000);
  assert.equal(seen.requests.length, asked);
  assert.equal(seen.reloads, 0);
});

test("a page that waits for nothing asks nothing", async (t) => {
  const { seen } = visit(t, ["active"], "<p>Thank you</p>");
  await pass(5000);
  assert.deepEqual(seen, { requests: [], reloads: 0 });
});
