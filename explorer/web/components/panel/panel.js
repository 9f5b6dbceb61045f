// Puts a part's markup in place, and links its sources with the other pictures. Streamlit calls the default function again
// with new data; what a person has unfolded stays unfolded.

const EVENT = "dbe-source";
const FILM = "dbe-film"; // {layer: n}: what belongs to later Bottlenecks steps back; null: everything is there
const JUMP = "dbe-jump"; // {to: name}: the part of that name comes into sight
const panels = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  let panel = panels.get(parentElement);
  if (!panel || !panel.root.isConnected) {
    panel = new Panel(parentElement.querySelector(".panel"));
    panels.set(parentElement, panel);
  }
  panel.set = (field, value) => setTriggerValue("set", `${field}=${value}`);
  panel.choose = (select) => setTriggerValue("select", select);
  panel.show(data);
  return () => {
    panel.end();
    panels.delete(parentElement);
  };
}

const sourceOf = (element) => element?.dataset.source ?? element?.dataset.points;

class Panel {
  constructor(root) {
    this.root = root;
    root.getRootNode().adoptedStyleSheets = [sheet];
    this.folds = new Map(); // group → whether the person wants it open
    this.heard = (event) => this.light(event.detail?.source ?? null);
    document.addEventListener(EVENT, this.heard);
    this.filmed = (event) => this.film(event.detail?.layer ?? null);
    document.addEventListener(FILM, this.filmed);
    root.addEventListener("mouseover", (event) => this.hover(event.target));
    root.addEventListener("mouseleave", () => this.hover(null));
    root.addEventListener("focusin", (event) => event.target.matches(":focus-visible") && this.hover(event.target));
    root.addEventListener("focusout", () => this.hover(null));
    root.addEventListener("click", (event) => {
      this.toggle(event.target.closest("[data-opens]"));
      this.press(event.target.closest("[data-field]"));
      this.keep(event.target.closest("[data-points]"));
      const copy = event.target.closest("[data-copy]");
      if (copy) copyFrom(copy);
      const jump = event.target.closest("[data-jump]");
      if (jump) document.dispatchEvent(new CustomEvent(JUMP, { detail: { to: jump.dataset.jump } }));
    });
    root.addEventListener("keydown", (event) => this.walk(event));
    this.jumped = (event) => this.meet(event.detail?.to);
    document.addEventListener(JUMP, this.jumped);
    this.resize = new ResizeObserver(() => this.measure());
  }

  show({ markup, colours, maps, select, source, turn, lang }) {
    if (turn < this.turn) return; // handed over late
    this.turn = turn;
    document.documentElement.lang = lang; // of the whole page: every page has a panel
    this.standing = source ?? null;
    this.kept = this.standing;
    this.root.style.cssText = colours;
    if (markup !== this.markup) this.replace(markup);
    this.grid?.show(select);
    paintMaps(this.root, maps); // also on a theme switch, which changes no word of the markup
    this.light(this.source ?? null);
  }

  replace(markup) {
    this.markup = markup;
    const opens = this.root.getRootNode().activeElement?.closest?.("[data-opens]")?.dataset.opens;
    const field = this.root.getRootNode().activeElement?.closest?.("[data-field]")?.dataset;
    const focus = this.grid?.focused();
    this.root.innerHTML = markup;
    const table = this.root.querySelector("[role=grid]");
    this.grid = table && new Grid(table, (select) => this.choose(select));
    for (const [group, open] of this.folds) this.fold(group, open);
    if (field) this.root.querySelector(`[data-field="${field.field}"][data-value="${field.value}"]`)?.focus();
    if (opens !== undefined) this.root.querySelector(`[data-opens="${opens}"] button`)?.focus();
    if (focus) this.grid?.focus(focus);
    if (this.grid) drawn(this.root);
    this.film(this.layer ?? null);
    this.resize.disconnect();
    for (const part of this.root.querySelectorAll(".frame, .frame > *, .pipeline")) this.resize.observe(part);
  }

  // Says of what is wider than its frame that it scrolls; asked when the browser has laid it out, and not before.
  measure() {
    for (const frame of this.root.querySelectorAll(".frame"))
      frame.parentElement.classList.toggle("scrolls", frame.scrollWidth > frame.clientWidth + 1);
    const steps = this.root.querySelector(".pipeline");
    const wide = steps?.scrollWidth > steps?.clientWidth + 1;
    steps?.classList.toggle("wide", wide);
    if (wide) steps.tabIndex = 0; // so that keys can scroll it
    else steps?.removeAttribute("tabindex");
  }

  hover(element) {
    this.cell = this.grid?.at(element) ?? null;
    const place = this.cell ? this.grid.place(this.cell) : {};
    const source = place.source ?? Number(sourceOf(element?.closest("[data-source], [data-points]")));
    const told = Number.isNaN(source) ? null : source;
    this.tell(told, place.reader);
  }

  tell(source, reader) {
    const name = `${source} ${reader}`;
    if (name === this.told) return;
    this.told = name;
    document.dispatchEvent(new CustomEvent(EVENT, { detail: { source, reader, from: "panel" } }));
  }

  // Arrow keys light one source after another within a part that says from which to which; Enter keeps the lit one.
  walk(event) {
    const part = event.target.closest?.("[data-walk]");
    if (!part || event.altKey || event.metaKey || event.ctrlKey) return;
    const [first, last] = part.dataset.walk.split(" ").map(Number);
    const now = this.source ?? this.standing ?? first;
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -Infinity, End: Infinity, Enter: 0 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    if (step === 0) this.set("select", `source-${now}`);
    else this.tell(Math.min(last, Math.max(first, now + step)));
  }

  // A source that is clicked stays lit; clicked once more, it is let go.
  keep(element) {
    const source = sourceOf(element);
    if (source !== undefined) this.set("select", Number(source) === this.kept ? "" : `source-${source}`);
  }

  // What is pointed at anywhere; else the source that is chosen.
  light(source) {
    this.source = source;
    const lit = source ?? this.standing;
    this.root.classList.toggle("calm", source === null); // what stands stays readable
    for (const element of this.root.querySelectorAll("[data-source]"))
      element.classList.toggle("dim", lit !== null && Number(element.dataset.source) !== lit);
    for (const element of this.root.querySelectorAll("[data-at]")) element.classList.toggle("on", Number(element.dataset.at) === lit);
    this.grid?.say(this.cell, source);
  }

  // Comes into sight, and takes the focus there, where it holds what a button elsewhere leads to.
  meet(name) {
    const part = name && this.root.querySelector(`[data-part="${name}"]`);
    if (!part) return;
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    part.scrollIntoView({ behavior });
    setTimeout(() => part.scrollIntoView({ behavior }), 900); // what was drawn on the way has moved it
    part.querySelector("button")?.focus({ preventScroll: true });
  }

  film(layer) {
    this.layer = layer;
    this.root.classList.toggle("filming", layer !== null);
    for (const element of this.root.querySelectorAll("[data-source], [data-opens], [data-group]")) {
      const { source, opens, group } = element.dataset;
      element.classList.toggle("later", layer !== null && Number(source ?? opens ?? group) > layer);
    }
    this.grid?.film(layer);
  }

  end() {
    document.removeEventListener(EVENT, this.heard);
    document.removeEventListener(FILM, this.filmed);
    document.removeEventListener(JUMP, this.jumped);
    this.resize.disconnect();
  }

  // A button that sets a field of the Study; it is pressed at once, and what it changes follows.
  press(button) {
    if (!button || button.getAttribute("aria-pressed") === "true") return;
    for (const other of this.root.querySelectorAll(`[data-field="${button.dataset.field}"]`))
      other.setAttribute("aria-pressed", String(other === button));
    this.set(button.dataset.field, button.dataset.value);
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
