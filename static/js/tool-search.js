/** The search field of the first page narrows the list down while typing; the server does the same for `?q=`. */

class ToolSearch extends HTMLElement {
  connectedCallback() {
    this.field = this.querySelector("input[type=search]");
    this.field.addEventListener("input", () => this.search());
    this.field.addEventListener("keydown", (event) => this.onFieldKey(event));
    this.querySelector("form").addEventListener("submit", (event) => this.openOnlyMatch(event));
    this.querySelector("[data-clear]").addEventListener("click", (event) => {
      event.preventDefault();
      this.clear();
    });
    this.onPageKey = (event) => {
      const typing = event.target.closest("input, textarea, select, [contenteditable]");
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing) return;
      event.preventDefault();
      this.field.focus();
      this.field.select();
    };
    document.addEventListener("keydown", this.onPageKey);
    this.filter();
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.onPageKey);
  }

  onFieldKey(event) {
    if (event.key !== "Escape") return;
    event.preventDefault();
    if (this.field.value) this.clear();
    else this.field.blur();
  }

  clear() {
    this.field.value = "";
    this.search();
    this.field.focus();
  }

  /** Enter opens the tool when only one is left. */
  openOnlyMatch(event) {
    event.preventDefault();
    const matches = this.querySelectorAll("[data-words]:not([hidden]) a");
    if (matches.length === 1) matches[0].click();
  }

  /** The address follows, so that reloading and coming back show the same tools. */
  search() {
    this.filter();
    const address = new URL(location.href);
    const query = this.field.value.trim();
    if (query) address.searchParams.set("q", query);
    else address.searchParams.delete("q");
    history.replaceState(null, "", address);
  }

  filter() {
    const words = this.field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const group of this.querySelectorAll(".group")) {
      const cards = [...group.querySelectorAll("[data-words]")];
      for (const card of cards) card.hidden = !words.every((word) => card.dataset.words.includes(word));
      const shown = cards.filter((card) => !card.hidden).length;
      group.hidden = shown === 0;
      found += shown;
    }
    this.querySelector("[data-nothing]").hidden = found > 0;
    this.querySelector("#found").textContent = found === 1 ? "1 tool" : `${found} tools`;
  }
}

customElements.define("tool-search", ToolSearch);
