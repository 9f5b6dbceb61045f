// Puts a part's markup in place, and links its sources with the other pictures. Streamlit calls the default function again
// with new data; what a person has unfolded stays unfolded.

const EVENT = "dbe-source";
const panels = new WeakMap();

export default function ({ parentElement, data }) {
  let panel = panels.get(parentElement);
  if (!panel || !panel.root.isConnected) {
    panel = new Panel(parentElement.querySelector(".panel"));
    panels.set(parentElement, panel);
  }
  panel.show(data);
  return () => {
    document.removeEventListener(EVENT, panel.heard);
    panels.delete(parentElement);
  };
}

class Panel {
  constructor(root) {
    this.root = root;
    root.getRootNode().adoptedStyleSheets = [sheet];
    this.folds = new Map(); // group → whether the person wants it open
    this.heard = (event) => this.light(event.detail?.source ?? null);
    document.addEventListener(EVENT, this.heard);
    root.addEventListener("mouseover", (event) => this.hover(event.target.closest("[data-source]")));
    root.addEventListener("mouseleave", () => this.hover(null));
    root.addEventListener("click", (event) => this.toggle(event.target.closest("[data-opens]")));
  }

  show({ markup, colours, maps, turn }) {
    if (turn < this.turn) return; // handed over late
    this.turn = turn;
    this.root.style.cssText = colours;
    if (markup !== this.markup) this.replace(markup);
    paintMaps(this.root, maps); // also on a theme switch, which changes no word of the markup
  }

  replace(markup) {
    this.markup = markup;
    const focus = this.root.getRootNode().activeElement?.closest?.("[data-opens]")?.dataset.opens;
    this.root.innerHTML = markup;
    for (const [group, open] of this.folds) this.fold(group, open);
    if (focus !== undefined) this.root.querySelector(`[data-opens="${focus}"] button`)?.focus();
    this.light(this.source ?? null);
  }

  hover(element) {
    const source = element ? Number(element.dataset.source) : null;
    if (source === this.told) return;
    this.told = source;
    document.dispatchEvent(new CustomEvent(EVENT, { detail: { source } }));
  }

  light(source) {
    this.source = source;
    for (const element of this.root.querySelectorAll("[data-source]"))
      element.classList.toggle("dim", source !== null && Number(element.dataset.source) !== source);
  }

  toggle(row) {
    if (!row) return;
    const open = row.querySelector("button").getAttribute("aria-expanded") !== "true";
    this.folds.set(row.dataset.opens, open);
    this.fold(row.dataset.opens, open);
  }

  fold(group, open) {
    const button = this.root.querySelector(`[data-opens="${group}"] button`);
    if (!button) return;
    button.setAttribute("aria-expanded", String(open));
    const rows = this.root.querySelector(`[data-group="${group}"]`);
    if (rows) rows.hidden = !open;
  }
}
