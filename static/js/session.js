/** A session that ends while a page is open: whoever signs in again in another tab goes on in this one. */

const DOORS = ["/login", "/change-password"];

/** Whether the server sends the whole page away to sign in first, where what was typed would be lost. */
export function isSentAway(xhr) {
  const address = xhr.getResponseHeader("HX-Redirect");
  return Boolean(address) && DOORS.includes(new URL(address, location).pathname);
}

/** Whoever has signed in anew in another tab has another token than this page was drawn with. */
export function useNewestToken({ detail }) {
  const token = document.cookie.match(/(?:^|; )snapotter-csrf=([^;]+)/)?.[1];
  if (token && detail.parameters.csrfmiddlewaretoken) detail.parameters.csrfmiddlewaretoken = token;
}
