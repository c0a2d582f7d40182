/**
 * A job that goes on: events tell how far it is, and when it has ended its outcome takes this element's place.
 * Where events do not come through, the server is asked again and again instead.
 */

import { showInTitle } from "./job-title.js";
import "./parts.js";

const POLL_MILLISECONDS = 1000;
const HIDDEN_POLL_MILLISECONDS = 10_000;
const FILES_MILLISECONDS = 1000;
const ENDS = { done: "Done", completed: "Done", failed: "Failed", canceled: "Canceled" };
let eventsComeThrough = true;

class JobProgress extends HTMLElement {
  connectedCallback() {
    this.controller = new AbortController();
    const on = (target, type, handle) => target.addEventListener(type, handle, { signal: this.controller.signal });
    on(document, "visibilitychange", () => this.follow());
    // The files of a batch are asked for beside it.
    const outcome = this.closest("#outcome");
    on(outcome, "htmx:sendError", () => this.showLost(true));
    on(outcome, "htmx:afterOnLoad", ({ detail }) => this.showLost(detail.xhr.status >= 500));
    this.tell();
    this.follow();
  }

  disconnectedCallback() {
    this.controller.abort();
    this.leave();
    const shown = document.querySelector("#outcome")?.dataset ?? {};
    const end = ENDS[shown.end ?? shown.state];
    if (end) showInTitle(end);
  }

  /** A browser has six connections to a server for all of its tabs together: a hidden one keeps none. */
  follow() {
    this.leave();
    if (document.hidden) this.poll(HIDDEN_POLL_MILLISECONDS);
    else if (eventsComeThrough) this.listen();
    else this.poll(POLL_MILLISECONDS);
  }

  listen() {
    this.events = new EventSource(this.dataset.events);
    this.events.addEventListener("open", () => this.showLost(false));
    this.events.addEventListener("message", (event) => this.show(JSON.parse(event.data)));
    this.events.addEventListener("error", () => this.onError());
  }

  leave() {
    this.events?.close();
    clearInterval(this.timer);
    clearTimeout(this.filesTimer);
    this.filesTimer = null;
  }

  /** A lost connection the browser opens again by itself. */
  onError() {
    if (this.events.readyState !== EventSource.CLOSED) {
      this.showLost(true);
      return;
    }
    eventsComeThrough = false;
    this.follow();
  }

  /** The run does not need this page. */
  showLost(isLost) {
    this.querySelector("[data-lost]").hidden = !isLost;
  }

  poll(milliseconds) {
    this.timer = setInterval(() => this.ask(), milliseconds);
  }

  /** htmx puts what the server answers in this element's place. */
  ask() {
    this.dispatchEvent(new CustomEvent("job-change"));
  }

  show(frame) {
    if (frame.type === "heartbeat") return;
    if ((frame.phase ?? frame.status) === "processing") {
      this.showProgress(frame);
      if (frame.type === "batch") this.askForFiles();
      return;
    }
    this.leave();
    this.ask();
    this.poll(POLL_MILLISECONDS); // until the answer is here
  }

  /** The list beside it is drawn anew now and then, however often something happens to a file. */
  askForFiles() {
    this.filesTimer ??= setTimeout(() => {
      this.filesTimer = null;
      document.querySelector("#batch-files")?.dispatchEvent(new CustomEvent("files-change"));
    }, FILES_MILLISECONDS);
  }

  showProgress(frame) {
    const isBatch = frame.type === "batch";
    const share = isBatch ? Math.floor((100 * frame.completedFiles) / frame.totalFiles) : frame.percent;
    const stage = isBatch ? stageOfBatch(frame) : frame.stage;
    if (stage) this.querySelector("[data-stage]").textContent = stage;
    if (share) this.bar.value = share;
    else this.bar.removeAttribute("value");
    this.bar.textContent = `${share} %`;
    this.tell();
  }

  /** To whoever does not look at it. */
  tell() {
    const percent = this.bar.position < 0 ? 0 : Math.floor(this.bar.position * 100);
    const stage = this.querySelector("[data-stage]").textContent.trim();
    showInTitle(percent ? `${percent} %` : "Running");
    this.dispatchEvent(new CustomEvent("job-progressed", { bubbles: true, detail: { percent, stage } }));
  }

  get bar() {
    return this.querySelector("progress");
  }
}

/** Empty before the first file has begun. */
function stageOfBatch({ completedFiles, failedFiles, totalFiles, currentFile }) {
  if (!completedFiles && !currentFile) return "";
  return `${completedFiles} of ${totalFiles} files${failedFiles ? `, ${failedFiles} failed` : ""}`;
}

customElements.define("job-progress", JobProgress);
