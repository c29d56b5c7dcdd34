/**
 * Forms that ask before they are sent: `form[data-confirm="question"]`, with the two buttons' words in
 * `data-confirm-yes` and `data-confirm-no`. A yes goes along as `sure`. Without this module the form is sent at once, and
 * the server, which misses the yes, asks on a page of its own.
 */

/** Takes over such forms, before any other listener of theirs. */
export function start() {
  const confirmed = new WeakSet();
  document.addEventListener(
    "submit",
    async (event) => {
      const form = event.target;
      if (!form.hasAttribute("data-confirm") || confirmed.delete(form)) {
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      const submitter = event.submitter;
      if (await ask(form)) {
        confirmed.add(form);
        sayYes(form);
        form.requestSubmit(submitter ?? undefined);
        // Where the browser found a field wrong nothing was sent, and the next try asks again.
        confirmed.delete(form);
      }
    },
    { capture: true },
  );
}

/** Tells the server that the question has been answered: it asks by itself where it was not. */
function sayYes(form) {
  if (!form.querySelector("input[name=sure]")) {
    const sure = document.createElement("input");
    sure.type = "hidden";
    sure.name = "sure";
    sure.value = "yes";
    form.append(sure);
  }
}

/** Shows the question; true for yes. Escape means no; the focus begins at no and goes back to where it was. */
function ask(form) {
  const { confirm: question, confirmYes, confirmNo } = form.dataset;
  const dialog = document.createElement("dialog");
  if (typeof dialog.showModal !== "function") {
    return window.confirm(question);
  }
  const text = document.createElement("p");
  text.id = "confirm-question";
  text.textContent = question;
  const row = document.createElement("div");
  row.className = "row";
  const no = button(confirmNo, "btn");
  const yes = button(confirmYes, form.hasAttribute("data-confirm-danger") ? "btn btn-danger" : "btn btn-primary");
  row.append(no, yes);
  dialog.className = "dialog";
  dialog.setAttribute("aria-labelledby", text.id);
  dialog.append(text, row);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let answer = false;
    no.addEventListener("click", () => dialog.close());
    yes.addEventListener("click", () => {
      answer = true;
      dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    dialog.showModal();
    no.focus();
  });
}

function button(label, className) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = className;
  made.textContent = label;
  return made;
}

start();
