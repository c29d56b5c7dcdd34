/**
 * Waits on the page after payment: asks `[data-poll-url]` for `{state}` until it is no longer "pending", then loads the
 * page again. After a minute it stops and shows `[data-poll-late]`. Without this module the page refreshes itself.
 */

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 3000;
const GIVE_UP_MS = 60_000;

/** Polls if the page asks for it; `reload` is what to do when the state has changed. */
export async function start(reload = () => location.reload()) {
  const place = document.querySelector("[data-poll-url]");
  if (!place) {
    return;
  }
  let wait = FIRST_WAIT_MS;
  for (let waited = 0; waited < GIVE_UP_MS; waited += wait, wait = Math.min(wait * 1.25, LONGEST_WAIT_MS)) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    const state = await ask(place.dataset.pollUrl);
    if (state !== "pending") {
      reload();
      return;
    }
  }
  const late = document.querySelector("[data-poll-late]");
  if (late) {
    place.hidden = true;
    late.hidden = false;
  }
}

/** The state; what cannot be read, as during a deploy, counts as pending. */
async function ask(url) {
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" }, cache: "no-store" });
    return (response.ok && (await response.json()).state) || "pending";
  } catch {
    return "pending";
  }
}

start();
