/** The run of a form by htmx: its progress on the way up, its failures, and giving up. */

import { isPart } from "./parts.js";
import { isSentAway, useNewestToken } from "./session.js";

const TOO_LARGE = 413;

export class Upload {
  constructor(bench) {
    this.bench = bench;
    this.isSending = false;
    const on = (type, handle) => bench.addEventListener(`htmx:${type}`, handle);
    on("configRequest", useNewestToken);
    on("beforeRequest", (event) => this.isOurs(event) && this.begin());
    on("xhr:progress", (event) => this.isOurs(event) && this.showProgress(event.detail));
    on("beforeOnLoad", (event) => this.stay(event));
    on("beforeSwap", (event) => this.refuse(event));
    on("afterSettle", (event) => event.target.closest("#result") && bench.outcome.arrive());
    on("sendError", (event) => this.fail(event, "The server cannot be reached. Try again in a moment."));
    on("timeout", (event) => this.fail(event, "The server did not answer in time. Try again in a moment."));
    on("afterRequest", (event) => this.isOurs(event) && this.end());
  }

  /** A running job inside the page asks for its progress by itself; that is no upload. */
  isOurs(event) {
    return event.target === this.bench.form;
  }

  begin() {
    this.isSending = true;
    this.bench.outcome.clear();
    this.bench.state = "running";
    this.label("Uploading …");
    this.bar.removeAttribute("value");
    this.bench.announce("Uploading.");
  }

  end() {
    this.isSending = false;
  }

  showProgress({ loaded, total, lengthComputable }) {
    // The answer's own bytes are reported in the same way; by then nothing is being sent.
    if (!this.isSending || !lengthComputable) return;
    if (loaded < total) {
      const share = Math.floor((loaded / total) * 100);
      this.bar.value = share;
      this.label(`Uploading … ${share} %`);
      return;
    }
    this.isSending = false;
    this.bar.removeAttribute("value");
    this.label("Working …");
    this.bench.announce("Working.");
  }

  abort() {
    this.bench.form.dispatchEvent(new CustomEvent("htmx:abort"));
    this.isSending = false;
    this.bench.state = "picked";
    this.bench.announce("Canceled.");
    this.bench.querySelector(".button-run").focus();
  }

  /** Pictures that were chosen would be lost on the way to sign in. What runs can be seen on its own page. */
  stay(event) {
    if (event.target.closest("#result") || !isSentAway(event.detail.xhr)) return;
    event.preventDefault();
    this.bench.state = "picked";
    this.bench.outcome.showSignedOut();
  }

  refuse(event) {
    const { xhr } = event.detail;
    if (isPart(xhr)) return;
    const large = xhr.status === TOO_LARGE ? "This is more than the server takes at a time." : "";
    const unexpected = "Something went wrong on the server. Try again; if it stays, reload the page.";
    this.fail(event, large || unexpected);
  }

  fail(event, message) {
    if (!this.isOurs(event)) return;
    this.bench.state = "picked";
    this.bench.outcome.showAlert(message);
  }

  label(text) {
    this.bench.querySelector("[data-working-label]").textContent = text;
  }

  get bar() {
    return this.bench.querySelector("[data-progress]");
  }
}
