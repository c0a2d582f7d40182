/** A whole page, which is an error of the server or of what stands before it, never takes the place of a part. */

import { isWholePage } from "./session.js";

document.addEventListener("htmx:beforeSwap", (event) => {
  if (isWholePage(event.detail.xhr)) event.detail.shouldSwap = false;
});
