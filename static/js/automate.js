/** The steps of a pipeline are put together: the palette is searched, and nothing that was typed gets lost. */

import "./settings.js";
import { isPart } from "./parts.js";
import { RedrawnForm } from "./redrawn-form.js";
import { isSentAway, useNewestToken } from "./session.js";
import { dragStep } from "./step-drag.js";

const FAILED = "The server did not answer. What you typed is still here; try again.";
const UNEXPECTED = "This did not work. What you typed is still here; sign in again in another tab, or try again.";
const EDITS_NOTHING = ["check", "summaries"];

class PipelineBuilder extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.changed = false;
    this.isLeaving = false;
    this.controller = new AbortController();
    const options = { signal: this.controller.signal };
    const on = (target, type, handle, more = {}) => target.addEventListener(type, handle, { ...options, ...more });
    this.redrawn = new RedrawnForm(this.form, on);
    on(this, "input", (event) => this.onInput(event));
    on(this, "change", (event) => event.target.closest("[data-step]") && this.sumUp());
    on(this, "toggle", (event) => this.onToggle(event), { capture: true });
    on(this, "pointerdown", dragStep);
    on(this, "keydown", (event) => this.onKey(event));
    on(this, "click", (event) => event.target.closest("[aria-disabled=true]") && event.preventDefault(), { capture: true });
    on(this, "htmx:configRequest", (event) => this.onRequest(event));
    on(this, "htmx:beforeOnLoad", (event) => this.onAnswer(event));
    on(this, "htmx:afterSettle", (event) => this.isOurs(event.detail.requestConfig) && this.showFocus());
    on(this, "htmx:sendError", ({ detail }) => this.isOurs(detail) && this.showAlert(FAILED));
    on(window, "pageshow", () => (this.isLeaving = false));
    on(window, "beforeunload", (event) => this.changed && event.preventDefault());
  }

  disconnectedCallback() {
    this.controller.abort();
  }

  /** Not what sums up the steps: that is sent by the way. */
  isOurs({ elt }) {
    return elt === this.form;
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

  /** An answer that is on its way brings the summaries too. */
  sumUp() {
    if (!this.redrawn.isBusy) this.querySelector("[data-summaries]").click();
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
    useNewestToken(event);
    const action = String(event.detail.parameters.do ?? "").split(":")[0];
    if (!EDITS_NOTHING.includes(action)) this.changed = true;
  }

  onAnswer(event) {
    const { xhr } = event.detail;
    const isAway = isSentAway(xhr);
    if (isAway || !isPart(xhr)) {
      event.preventDefault();
      if (this.isOurs(event.detail)) this.refuse(isAway);
    } else if (!this.isOurs(event.detail)) {
      if (this.redrawn.isBusy) event.preventDefault();
    } else if (xhr.getResponseHeader("HX-Redirect")) {
      // Saved: the page may be left.
      this.isLeaving = true;
      this.changed = false;
    }
  }

  refuse(isAway) {
    this.redrawn.waiting = [];
    if (isAway) this.note("template[data-signed-out]");
    else this.showAlert(UNEXPECTED);
  }

  showAlert(message) {
    this.note("template[data-alert]").querySelector("p").textContent = message;
  }

  note(template) {
    const place = this.querySelector("[data-notes]");
    place.replaceChildren(this.querySelector(template).content.cloneNode(true));
    place.scrollIntoView({ block: "nearest" });
    place.firstElementChild.focus();
    return place;
  }

  showFocus() {
    this.querySelector(".step-focus")?.scrollIntoView({ block: "nearest" });
  }
}

customElements.define("pipeline-builder", PipelineBuilder);
