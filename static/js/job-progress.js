/**
 * A job that goes on: events tell how far it is, and when it has ended its outcome takes this element's place.
 * Where events do not come through, the server is asked again and again instead.
 */

import "./parts.js";

const POLL_MILLISECONDS = 1000;
let eventsComeThrough = true;

class JobProgress extends HTMLElement {
  connectedCallback() {
    this.controller = new AbortController();
    // A browser has six connections to a server for all of its tabs together: a hidden one keeps none.
    const change = () => (document.hidden ? this.leave() : this.follow());
    document.addEventListener("visibilitychange", change, { signal: this.controller.signal });
    this.addEventListener("htmx:sendError", () => this.showLost(true), { signal: this.controller.signal });
    change();
  }

  disconnectedCallback() {
    this.controller.abort();
    this.leave();
  }

  follow() {
    this.leave();
    if (!eventsComeThrough) {
      this.poll();
      return;
    }
    this.events = new EventSource(this.dataset.events);
    this.events.addEventListener("open", () => this.showLost(false));
    this.events.addEventListener("message", (event) => this.show(JSON.parse(event.data)));
    this.events.addEventListener("error", () => this.onError());
  }

  leave() {
    this.events?.close();
    clearInterval(this.timer);
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

  poll() {
    this.timer = setInterval(() => this.ask(), POLL_MILLISECONDS);
  }

  /** htmx puts what the server answers in this element's place. */
  ask() {
    this.dispatchEvent(new CustomEvent("job-change"));
  }

  show(frame) {
    if (frame.type === "heartbeat") return;
    if ((frame.phase ?? frame.status) === "processing") {
      this.showProgress(frame);
      return;
    }
    this.leave();
    this.ask();
    this.poll(); // until the answer is here
  }

  showProgress({ type, stage, percent, completedFiles, totalFiles }) {
    const isBatch = type === "batch";
    const share = isBatch ? Math.floor((100 * completedFiles) / totalFiles) : percent;
    this.querySelector("[data-stage]").textContent = isBatch ? `${completedFiles} of ${totalFiles} files` : stage;
    const bar = this.querySelector("progress");
    if (share) bar.value = share;
    else bar.removeAttribute("value");
    bar.textContent = `${share} %`;
  }
}

customElements.define("job-progress", JobProgress);
