/**
 * Buttons that copy: `[data-copy="#selector"]` takes the text of that element, or the value of that field, and says
 * `data-copied` for two seconds. The label is the button's `[data-copy-label]`, or the button itself.
 */

const SHOWN_MS = 2000;

/** Takes over every copy button of the page, also those that come later. */
export function start() {
  const timers = new WeakMap();
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    const source = button && document.querySelector(button.dataset.copy);
    if (!source || !(await copy(source))) {
      return;
    }
    const label = button.querySelector("[data-copy-label]") ?? button;
    const pending = timers.get(button);
    clearTimeout(pending?.timer);
    const before = pending?.before ?? label.textContent;
    label.textContent = button.dataset.copied;
    announce(button.dataset.copied);
    const timer = setTimeout(() => {
      label.textContent = before;
      timers.delete(button);
    }, SHOWN_MS);
    timers.set(button, { timer, before });
  });
}

/** True when the text is on the clipboard. Otherwise it is left selected, ready for the keyboard. */
async function copy(source) {
  try {
    await navigator.clipboard.writeText("value" in source ? source.value : source.textContent);
    return true;
  } catch {
    select(source);
    return document.execCommand?.("copy") ?? false;
  }
}

function select(source) {
  if (typeof source.select === "function") {
    source.select();
    return;
  }
  const range = document.createRange();
  range.selectNodeContents(source);
  const selection = document.getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

/** A screen reader does not read the new label of a button it is on. */
function announce(text) {
  let place = document.querySelector("#copy-status");
  if (!place) {
    place = document.createElement("div");
    place.id = "copy-status";
    place.className = "visually-hidden";
    place.setAttribute("role", "status");
    document.body.append(place);
  }
  place.textContent = text;
}

start();
