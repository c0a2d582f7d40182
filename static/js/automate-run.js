/** As soon as one picture is chosen, its steps are checked with it. */

const form = document.querySelector("tool-workbench form");
const input = form.querySelector("input[type=file]");
const check = form.querySelector("[data-check]");
let checked = null;

new MutationObserver(() => {
  const [file] = input.files;
  if (form.dataset.state !== "picked" || input.files.length !== 1 || file === checked) return;
  checked = file;
  check.click();
}).observe(form, { attributeFilter: ["data-state"] });
