/**
 * The original and the result in one frame: behind a line that moves when both have the same shape,
 * else one at a time. The line is a range input, so keyboard, touch and screen readers get it for nothing.
 */

class BeforeAfter extends HTMLElement {
  async connectedCallback() {
    this.before = this.querySelector("[data-before]");
    this.range = this.querySelector("[data-range]");
    const picture = this.closest("tool-workbench")?.picture;
    // The file at hand need not be fetched from the server again.
    if (picture?.width) this.before.src = picture.url;
    if (!this.before.getAttribute("src")) return;
    try {
      await this.before.decode();
    } catch {
      return; // gone, or not for browsers: the result alone remains
    }
    if (this.dataset.sameShape === "true") this.showSlider();
    else this.showSwitch();
  }

  showSlider() {
    this.dataset.mode = "slider";
    this.before.hidden = false;
    for (const part of this.querySelectorAll("[data-tag], [data-line], [data-range]")) part.hidden = false;
    this.range.addEventListener("input", () => this.moveLine());
    this.moveLine();
  }

  moveLine() {
    const share = this.range.value;
    this.style.setProperty("--split", `${share}%`);
    this.range.setAttribute("aria-valuetext", `${share} % original, ${100 - share} % result`);
  }

  showSwitch() {
    this.dataset.mode = "switch";
    this.querySelector("[data-switch]").hidden = false;
    this.addEventListener("click", (event) => {
      const button = event.target.closest("[data-show]");
      if (button) this.show(button.dataset.show);
    });
  }

  show(which) {
    this.before.hidden = which !== "before";
    this.querySelector("[data-after]").hidden = which !== "after";
    for (const button of this.querySelectorAll("[data-show]")) {
      button.setAttribute("aria-pressed", String(button.dataset.show === which));
    }
  }
}

customElements.define("before-after", BeforeAfter);
