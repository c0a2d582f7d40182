/** Rows of the history follow their jobs while the page is seen, and the keyboard stays in the row it is in. */

import "./parts.js";

const POLL_MILLISECONDS = 2000;
let row = null;

function ask() {
  if (!document.hidden) document.body.dispatchEvent(new CustomEvent("jobs-changed"));
}

setInterval(ask, POLL_MILLISECONDS);
document.addEventListener("visibilitychange", ask);

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (event.detail.target.contains(document.activeElement)) row = document.activeElement.closest(".job-row").id;
});

document.addEventListener("htmx:oobAfterSwap", () => {
  if (row && document.activeElement === document.body) document.querySelector(`#${row} h2 a`)?.focus();
  row = null;
});
