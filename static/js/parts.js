/**
 * What htmx may put into a page: a part that the server drew. Anything else is an error, often of what stands before
 * the server, and leaves what is shown. So does an error where a page only looks how things are: it looks again.
 */

const WHOLE_PAGE = /^\s*<(!doctype|html)\b/i;

export function isPart(xhr) {
  const type = xhr.getResponseHeader("Content-Type") ?? "";
  return type.startsWith("text/html") && !WHOLE_PAGE.test(xhr.responseText);
}

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { xhr, requestConfig } = detail;
  const onlyLooked = requestConfig.verb === "get";
  if (!isPart(xhr) || (onlyLooked && xhr.status >= 400)) detail.shouldSwap = false;
});
