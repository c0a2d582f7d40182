/** The steps of a pipeline: dragged to their places; the palette is searched; nothing that was typed gets lost. */

import "./settings.js";

const FAILED = "The server did not answer. What you typed is still here; try again.";

class PipelineBuilder extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.changed = false;
    this.isLeaving = false;
    this.controller = new AbortController();
    const options = { signal: this.controller.signal };
    const on = (target, type, handle, more = {}) => target.addEventListener(type, handle, { ...options, ...more });
    on(this, "input", (event) => this.onInput(event));
    on(this, "change", (event) => event.target.closest("[data-step]") && this.sumUp());
    on(this, "toggle", (event) => this.onToggle(event), { capture: true });
    on(this, "pointerdown", (event) => this.onGrip(event));
    on(this, "keydown", (event) => this.onKey(event));
    on(this, "click", (event) => event.target.closest("[aria-disabled=true]") && event.preventDefault(), { capture: true });
    on(this, "htmx:configRequest", (event) => this.onRequest(event));
    on(this, "htmx:beforeOnLoad", (event) => this.onAnswer(event));
    on(this, "htmx:afterSettle", () => this.querySelector(".step-focus")?.scrollIntoView({ block: "nearest" }));
    on(this, "htmx:sendError", () => this.showAlert(FAILED));
    on(window, "pageshow", () => (this.isLeaving = false));
    on(window, "beforeunload", (event) => this.changed && event.preventDefault());
  }

  disconnectedCallback() {
    this.controller.abort();
  }

  onInput({ target }) {
    if (target.id === "palette") this.search(target.value);
    else this.changed = true;
  }

  /** What is open stays open when the server draws the steps anew. */
  onToggle({ target }) {
    const kept = target.querySelector?.(":scope > [data-open]");
    if (kept) kept.disabled = !target.open;
  }

  sumUp() {
    this.querySelector("[data-summaries]").click();
  }

  onKey(event) {
    if (event.target.id !== "palette" || event.key !== "Enter") return;
    event.preventDefault();
    const matches = this.querySelectorAll("[data-palette] [data-words]:not([hidden]) button");
    if (matches.length === 1) matches[0].click();
  }

  search(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const group of this.querySelectorAll("[data-group]")) {
      const tools = [...group.querySelectorAll("[data-words]")];
      for (const tool of tools) tool.hidden = !words.every((word) => tool.dataset.words.includes(word));
      const shown = tools.filter((tool) => !tool.hidden).length;
      group.hidden = shown === 0;
      found += shown;
    }
    this.querySelector("[data-nothing]").hidden = found > 0;
  }

  onRequest(event) {
    // A second click on Save must not make a second pipeline.
    if (this.isLeaving) event.preventDefault();
    // Whoever has signed in anew in another tab has another token by now.
    const token = document.cookie.match(/(?:^|; )snapotter-csrf=([^;]+)/)?.[1];
    if (token) event.detail.parameters.csrfmiddlewaretoken = token;
    const action = String(event.detail.parameters.do ?? "").split(":")[0];
    if (!["check", "summaries"].includes(action)) this.changed = true;
  }

  /** Saved: the page may be left. A whole page where a part was expected is an error, or the way to sign in. */
  onAnswer(event) {
    const { xhr } = event.detail;
    this.isLeaving = Boolean(xhr.getResponseHeader("HX-Redirect"));
    if (this.isLeaving) this.changed = false;
    if (!/^\s*<!doctype/i.test(xhr.responseText)) return;
    event.preventDefault();
    this.showAlert("This did not work. What you typed is still here; sign in again in another tab, or try again.");
  }

  showAlert(message) {
    const alert = this.querySelector("template[data-alert]").content.cloneNode(true);
    alert.querySelector("p").textContent = message;
    this.querySelector("[data-notes]").replaceChildren(alert);
    this.querySelector("[data-notes]").scrollIntoView({ block: "nearest" });
  }

  /** A step follows the pointer among the others, and the server numbers them anew where it is let go. */
  onGrip(event) {
    const grip = event.target.closest("[data-grip]");
    if (!grip || event.button !== 0) return;
    event.preventDefault();
    const step = grip.closest("[data-step]");
    const before = step.nextElementSibling;
    const drag = new AbortController();
    const on = (target, type, handle) => target.addEventListener(type, handle, { signal: drag.signal });
    const end = (keep) => {
      drag.abort();
      step.classList.remove("step-dragged");
      if (!keep) step.parentElement.insertBefore(step, before);
      else if (step.nextElementSibling !== before) step.querySelector("[data-place]").click();
    };
    step.classList.add("step-dragged");
    // Not on the grip: it is taken out of the page whenever its step gets another place.
    on(document, "pointermove", (move) => place(step, move.clientY));
    on(document, "pointerup", () => end(true));
    on(document, "pointercancel", () => end(false));
    on(document, "keydown", (key) => key.key === "Escape" && end(false));
  }
}

/** Before the first step whose middle lies below the pointer. */
function place(step, y) {
  const others = [...step.parentElement.children].filter((other) => other !== step);
  const next = others.find((other) => {
    const box = other.getBoundingClientRect();
    return y < box.top + box.height / 2;
  });
  if (next !== step.nextElementSibling) step.parentElement.insertBefore(step, next ?? null);
}

customElements.define("pipeline-builder", PipelineBuilder);
