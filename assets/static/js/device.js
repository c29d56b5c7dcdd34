/**
 * Adds a device, or gives one a new key, with a key pair made here: the server sees the public key alone.
 *
 * Without this module the form posts as it is, and the server makes the key for that one reply. With it the private key
 * exists in this page's memory and in what it shows, and nowhere else: no storage, no URL, no console.
 * All texts come from the form's data attributes.
 */
import { fillPrivateKey } from "./config.js";
import { draw } from "./qr.js";
import { generateKeyPair } from "./x25519.js";

const find = (selector) => document.querySelector(selector);

/** Takes over the device forms of the page. */
export function start() {
  for (const form of document.querySelectorAll("#device-form, form[data-device-form]")) {
    // Kept until a reply is there: when the network fails, a second try sends the same public key, so that no
    // second device comes of it.
    let pair = null;
    let busy = false;
    form.addEventListener("submit", async (event) => {
      if (event.defaultPrevented) {
        return;
      }
      event.preventDefault();
      if (busy) {
        return;
      }
      busy = true;
      setBusy(form, true);
      clearErrors(form);
      try {
        pair ??= await generateKeyPair();
        if (await send(form, pair)) {
          pair = null;
        }
      } catch {
        showFormError(form, form.dataset.offlineText);
      } finally {
        busy = false;
        setBusy(form, false);
      }
    });
  }
}

/** Posts the form; true when the result is shown, false when the reply's problem is. */
async function send(form, pair) {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    body.append(name, value);
  }
  body.set("public_key", pair.publicKey);
  const response = await fetch(form.getAttribute("action") || location.pathname, {
    method: "POST",
    headers: { Accept: "application/json" },
    body,
    credentials: "same-origin",
    cache: "no-store",
  });
  // Signed out meanwhile: the page itself leads to the login, and back.
  if (response.status === 401) {
    location.reload();
    return false;
  }
  const reply = await response.json();
  if (!response.ok) {
    showProblem(form, reply);
    return false;
  }
  showResult(form, reply, fillPrivateKey(reply.config, pair.privateKey));
  return true;
}

function showResult(form, reply, text) {
  const result = find("#device-result");
  find("#config-text").textContent = text;
  const link = find("#download-config");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  link.download = reply.filename || fileName(form, reply.device?.name);
  find("#config-qr").replaceChildren(draw(text, form.dataset.qrLabel || reply.device?.name || link.download));
  find("#device-page")?.setAttribute("href", reply.page);
  for (const place of result.querySelectorAll("[data-device-name]")) {
    place.textContent = reply.device?.name ?? "";
  }
  (form.closest("#device-form-section, [data-device-form-section]") ?? form).hidden = true;
  result.hidden = false;
  const heading = result.querySelector("h1, h2, h3") ?? result;
  heading.tabIndex = -1;
  heading.focus();
  warnUntilSaved(result);
}

/** WireGuard apps take the name of the file, 15 characters at most, as that of the tunnel. */
function fileName(form, name = "") {
  const tunnel = `${form.dataset.filenamePrefix ?? ""}${name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;
  return `${tunnel.slice(0, 15).replace(/-+$/, "")}.conf`;
}

/** The key cannot be had again: leaving before anything was done with it asks first. */
function warnUntilSaved(result) {
  const warn = (event) => event.preventDefault();
  window.addEventListener("beforeunload", warn);
  result.addEventListener("click", (event) => {
    if (event.target.closest("#download-config, [data-copy], #device-page, [data-saved]")) {
      window.removeEventListener("beforeunload", warn);
    }
  });
}

function showProblem(form, problem) {
  const rest = [];
  let first = null;
  for (const { field, detail } of problem.errors ?? []) {
    const place = [...form.querySelectorAll("[data-error-for]")].find((one) => one.dataset.errorFor === field);
    if (!place) {
      rest.push(detail);
      continue;
    }
    place.textContent = detail;
    const input = form.elements.namedItem(field);
    input?.setAttribute?.("aria-invalid", "true");
    first ??= input;
  }
  if (rest.length > 0 || !first) {
    showFormError(form, rest.join(" ") || problem.detail || problem.title || form.dataset.offlineText);
  }
  first?.focus?.();
}

function showFormError(form, text) {
  const place = form.querySelector("[data-form-error]");
  place.hidden = false;
  place.textContent = text;
}

function clearErrors(form) {
  form.querySelectorAll("[data-error-for], [data-form-error]").forEach((place) => (place.textContent = ""));
  form.querySelectorAll("[aria-invalid]").forEach((input) => input.removeAttribute("aria-invalid"));
}

function setBusy(form, busy) {
  form.setAttribute("aria-busy", String(busy));
  form.querySelectorAll("button").forEach((button) => (button.disabled = busy));
}

start();
