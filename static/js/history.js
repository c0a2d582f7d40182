/** Rows of the history are replaced while somebody works in them: the keyboard stays in the same row. */

import "./parts.js";

let row = null;

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (event.detail.target.contains(document.activeElement)) row = event.detail.target.id;
});

document.addEventListener("htmx:oobAfterSwap", () => {
  if (row && document.activeElement === document.body) document.querySelector(`#${row} h2 a`)?.focus();
  row = null;
});
