// The residual block's picture. Streamlit calls the default function on the first mount, on new data and on a theme switch;
// the DOM stays, and only what differs is changed. Drawings, words and numbers come from Python.

const pictures = new WeakMap();
document.adoptedStyleSheets.push(sheet);

export default function ({ parentElement, data, setTriggerValue, setStateValue }) {
  const root = parentElement.querySelector(".dbe-residual");
  let picture = pictures.get(root);
  if (!picture) pictures.set(root, (picture = new Residual(root)));
  picture.select = (value) => setTriggerValue("select", value);
  picture.fold = (unfolded) => setStateValue("unfolded", unfolded);
  picture.ask = (room) => setStateValue("room", room);
  picture.show(data);
  return () => {
    picture.end();
    pictures.delete(root);
  };
}

class Residual extends Framed {
  constructor(root) {
    super(root);
    this.about = root.querySelector(".about");
    this.units = new Map();
    this.hovered = null; // the number of the unit that the pointer or the focus is on
    this.listen();
  }

  show(data) {
    if (data.turn < this.data?.turn) return; // handed over late
    this.data = data;
    this.selected = data.select ? Number(data.select.split("-")[1]) : null;
    this.root.style.cssText = data.colours;
    this.label(data.words);
    this.fit();
    this.light();
  }

  async paint(chosen) {
    const same = chosen.room === this.shown?.room;
    this.shown = chosen;
    const text = await unpacked(chosen.svg);
    if (chosen !== this.shown) return; // something newer came meanwhile
    this.root.classList.toggle("vertical", chosen.orientation === "vertical");
    const next = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    this.become(next, same && !this.still ? SLIDE : null);
    this.units = new Map([...this.drawing.querySelectorAll("[data-layer]")].map((e) => [Number(e.dataset.layer), e]));
    this.stopAt();
    this.camera.keep();
    if (!same) this.camera.fit();
    this.fit();
    this.light();
    this.moved();
  }

  listen() {
    const at = (event) => this.at(event.target);
    this.drawing.addEventListener("pointerover", (event) => event.pointerType !== "touch" && this.hover(at(event)));
    this.drawing.addEventListener("pointerleave", () => this.hover(null));
    this.drawing.addEventListener("focusin", (event) => {
      this.stopAt(event.target);
      if (event.target.matches(":focus-visible")) this.hover(at(event));
    });
    this.drawing.addEventListener("focusout", () => this.hover(null));
    this.drawing.addEventListener("click", (event) => this.pick(event.target));
    this.drawing.addEventListener("keydown", (event) => {
      const next = event.key === "Enter" || event.key === " " ? null : this.beside(event);
      if (next === undefined) return;
      event.preventDefault();
      if (next) next.focus();
      else this.pick(event.target);
    });
    this.escaped = (event) => {
      if (event.key === "Escape" && this.selected !== null && !document.querySelector("dialog[open]")) this.choose(null);
    };
    document.addEventListener("keydown", this.escaped);
  }

  at(element) {
    const found = element.closest("[data-layer]");
    return found ? Number(found.dataset.layer) : null;
  }

  hover(unit) {
    if (unit === this.hovered) return;
    this.hovered = unit;
    this.light();
  }

  pick(element) {
    if (element.closest("[data-action]")) return this.fold(!this.data.unfolded);
    const unit = this.at(element);
    if (unit !== null) this.choose(unit === this.selected ? null : unit);
  }

  choose(unit) {
    this.selected = unit;
    if (unit === null) this.hovered = null;
    this.light();
    this.select(unit === null ? "" : `unit-${unit}`);
  }

  // The unit that an arrow key leads to; undefined for other keys and at an end.
  beside({ key, target }) {
    const at = this.at(target);
    if (at === null) return undefined;
    const upright = this.shown.orientation === "vertical";
    const [back, on] = upright ? ["ArrowUp", "ArrowDown"] : ["ArrowLeft", "ArrowRight"];
    const order = [...this.units.entries()].sort(([a], [b]) => a - b);
    if (key === "Home") return order[0][1];
    if (key === "End") return order.at(-1)[1];
    if (key === on) return order.find(([number]) => number > at)?.[1];
    if (key === back) return order.findLast(([number]) => number < at)?.[1];
    return undefined;
  }

  // A unit, what it reads, and what its sum gives.
  light() {
    const svg = this.drawing.firstElementChild;
    if (!svg || !this.data) return;
    const unit = this.hovered ?? this.selected;
    for (const element of svg.querySelectorAll(".on, .selected")) element.classList.remove("on", "selected");
    for (const element of svg.querySelectorAll("[aria-pressed]")) element.removeAttribute("aria-pressed");
    const lit = unit === null ? [] : [this.units.get(unit), ...[unit - 1, unit].map((i) => svg.querySelector(`#width-${i}`))];
    for (const element of lit) element?.classList.add("on");
    svg.classList.toggle("lit", lit.some(Boolean));
    const selected = this.units.get(this.selected);
    selected?.classList.add("selected");
    selected?.setAttribute("aria-pressed", "true");
    this.tell(unit);
  }

  tell(unit) {
    const said = this.data.units[unit];
    const [code, about] = [".code", ".unit"].map((part) => this.about.querySelector(part));
    code.hidden = Boolean(said);
    about.hidden = !said;
    this.about.classList.toggle("pinned", this.selected !== null);
    if (!said) {
      const [first, second] = this.data.code;
      code.querySelector("pre").replaceChildren(first, "\n", second, make("span", "remark", `   ${this.data.remark}`));
      code.querySelector("p").textContent = this.data.line;
      return;
    }
    about.querySelector("b").textContent = said.title;
    about.querySelector(".facts span").textContent = said.facts;
    const steps = about.querySelector(".steps");
    steps.setAttribute("aria-label", said.title);
    steps.replaceChildren(
      ...said.steps.map(({ kind, module, name, lines }) => {
        const box = make("div", kind, "");
        box.title = module;
        box.append(make("b", "", name), ...lines.map((text) => make("span", "", text)));
        return box;
      }),
    );
  }

  end() {
    super.end();
    document.removeEventListener("keydown", this.escaped);
  }
}
