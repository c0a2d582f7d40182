/** What every page has: menus that close, a theme switch that needs no reload, times where the reader is. */

const LOCAL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function showLocalTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([title])")) {
    time.title = time.textContent;
    time.textContent = LOCAL.format(new Date(time.dateTime));
  }
}

showLocalTimes(document);
for (const change of ["htmx:load", "htmx:oobAfterSwap"]) {
  document.addEventListener(change, () => showLocalTimes(document));
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));

document.addEventListener("focusin", (event) => closeMenus(event.target.closest("details.menu")));

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  const form = event.target;
  if (!form.closest(".theme-menu") || !button) return;
  event.preventDefault();
  showTheme(form, button.value);
  const choice = new FormData(form);
  choice.set("theme", button.value);
  // The colours have changed already; when this fails, the next page shows the old ones again.
  fetch(form.action, { method: "POST", body: choice, redirect: "manual" }).catch(() => {});
});

function showTheme(form, theme) {
  document.documentElement.dataset.theme = theme;
  for (const item of form.querySelectorAll("[name=theme]")) {
    item.setAttribute("aria-pressed", String(item.value === theme));
  }
  const menu = form.closest("details");
  menu.open = false;
  menu.querySelector("summary").focus();
}
