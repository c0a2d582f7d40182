/** As soon as one picture is chosen, its steps are checked with it. Several are not alike, so nothing is said of them. */

const form = document.querySelector("tool-workbench form");
const input = form.querySelector("input[type=file]");
const check = form.querySelector("[data-check]");
const unchecked = document.querySelector("#steps").cloneNode(true);
let chosen = null;

new MutationObserver(() => {
  const file = input.files.length === 1 ? input.files[0] : null;
  if (!["picked", "empty"].includes(form.dataset.state) || file === chosen) return;
  chosen = file;
  if (file) check.click();
  else document.querySelector("#steps").replaceWith(unchecked.cloneNode(true));
}).observe(form, { attributeFilter: ["data-state"] });
