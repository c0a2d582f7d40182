/** The account page: keys that are copied and shown once, questions that close. */

// The answer to a form that shows something once: reload and Back lead to a page instead of sending the form again.
const shownOnce = document.querySelector("[data-reload-as]");
if (shownOnce) history.replaceState(null, "", shownOnce.dataset.reloadAs);

document.querySelector("main [aria-invalid=true]")?.focus();

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  getSelection().selectAllChildren(source);
  const said = button.parentElement.querySelector(".copy-said");
  said.textContent = (await copy(source.textContent)) ? "Copied" : "Selected; press Ctrl+C";
});

/** Browsers keep the clipboard from pages without TLS and from those it was refused to: then copy the selection. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!("once" in form.dataset)) return;
  for (const button of form.querySelectorAll("button")) button.disabled = true;
});

document.addEventListener("keydown", (event) => {
  const confirm = event.target.closest?.("details.confirm[open]");
  if (event.key !== "Escape" || !confirm) return;
  confirm.open = false;
  confirm.querySelector("summary").focus();
});
