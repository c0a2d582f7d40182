/** The title of a page whose run goes on tells how far it is: people wait in another tab. */

const title = document.title;

export function showInTitle(text) {
  document.title = text ? `${text} · ${title}` : title;
}
