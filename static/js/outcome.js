/** What a run came to, or what is wrong with what was chosen, below the picture. */

import { showInTitle } from "./job-title.js";

export class Outcome {
  constructor(bench) {
    this.bench = bench;
    this.place = bench.querySelector("#result");
  }

  /** What the server sent is in place: show it, and take the keyboard and the screen reader there. */
  arrive() {
    const { bench } = this;
    const state = this.place.querySelector("#outcome")?.dataset.state;
    if (state === "done") return bench.state === "done" ? undefined : this.showResult(); // else it was looked through
    if (state === "running") {
      if (bench.state !== "waiting") bench.announce("This takes a little longer.");
      bench.state = "waiting";
      return undefined;
    }
    bench.state = "picked";
    const fault = bench.querySelector("tool-settings .field-invalid :is(input, select, textarea)");
    return (fault ?? bench.querySelector("[data-problem], tool-settings .alert"))?.focus();
  }

  async showResult() {
    const { bench, place } = this;
    bench.state = "done";
    bench.label("Run again");
    const title = place.querySelector("#result-title");
    title.focus({ preventScroll: true });
    const isThere = place.querySelector("#outcome [download]");
    bench.announce(`Ended. ${title.innerText.trim()}. ${isThere ? "The result can be downloaded." : ""}`);
    // Only a loaded picture has its height.
    await place.querySelector("[data-after]")?.decode().catch(() => {});
    // The files of a batch may be more than fit.
    (place.querySelector("[data-batch] .outcome") ?? place).scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  clear() {
    this.place.replaceChildren();
    showInTitle("");
  }

  showAlert(message) {
    this.show("template[data-alert]");
    this.place.querySelector("p").textContent = message;
  }

  showSignedOut() {
    this.show("template[data-signed-out]");
  }

  show(template) {
    this.place.replaceChildren(this.bench.querySelector(template).content.cloneNode(true));
    this.place.scrollIntoView({ block: "nearest" });
  }
}
