// The living picture. Its host calls the default function first, on new data and on a theme switch; the DOM stays,
// and only what differs is changed. Geometry, words and numbers come from Python.

const EVENT = "dbe-source";
// One drawing turns into the other slowly enough to be followed, source by source.
const MORPH = { duration: 1100, stagger: 0.6 };
const pictures = new WeakMap();
document.adoptedStyleSheets.push(sheet);

export default function mount({ parentElement, data, setTriggerValue, setStateValue }) {
  const root = parentElement.querySelector(".dbe-picture");
  let picture = pictures.get(root);
  if (!picture) pictures.set(root, (picture = new Picture(root)));
  picture.select = (value) => setTriggerValue("select", value);
  picture.fold = (unfolded) => setStateValue("unfolded", unfolded);
  picture.ask = (room) => setStateValue("room", room);
  picture.view = (word) => setTriggerValue("view", word);
  picture.show(data);
  return () => {
    picture.end();
    pictures.delete(root);
  };
}

class Picture extends Framed {
  constructor(root) {
    super(root);
    this.strip = new Strip(root.querySelector(".strip"));
    this.film = new Film(this);
    this.finder = new Finder(this);
    this.keys = new Keys(this);
    this.hovered = null; // what the pointer or the focus is on: {layer}, {source} or {source, layer}
    this.listen();
  }

  show(data) {
    if (data.turn < this.data?.turn) return; // handed over late
    const themed = data.turn === this.data?.turn || !this.data; // the same data come again when the theme is switched
    this.data = data;
    this.label(data.words);
    this.keys.show(data);
    this.film.cast(data.film);
    this.selected = target(data.select);
    this.root.style.cssText = data.colours;
    if (themed) this.root.classList.toggle("dark", dark(this.root));
    this.fit();
    if (this.of) this.light();
  }

  async paint(chosen) {
    this.shown = chosen;
    const text = await unpacked(chosen.svg);
    if (chosen !== this.shown) return; // something newer came meanwhile
    const { classList } = this.root;
    classList.toggle("corner", chosen.corner);
    classList.toggle("vertical", chosen.orientation === "vertical");
    const next = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    const how = this.painted?.drawing === this.data.drawing ? SLIDE : MORPH;
    this.become(next, this.moves(chosen) ? how : null);
    this.index();
    this.camera.keep();
    if (chosen.room !== this.painted?.room) this.camera.fit();
    this.fit();
    this.root.toggleAttribute("data-moving", Boolean(this.motion));
    this.painted = { drawing: this.data.drawing, room: chosen.room };
    this.film.painted();
    this.light();
    this.reveal();
    this.moved(() => {
      this.root.removeAttribute("data-moving");
      this.film.painted();
    });
  }

  // Between two widths nothing stands where it stood.
  moves(chosen) {
    return chosen.room === this.painted?.room && !this.still;
  }

  // Selects what the finder found, and brings it into sight; out of the fold, if it lies there.
  find(value) {
    const what = target(value);
    const maker = what.layer ?? what.source;
    this.finding = value;
    if (maker > 0 && !this.layers.has(maker)) this.fold(true);
    this.choose(what);
    this.reveal();
  }

  // What was found is brought into sight, and has the focus, as soon as it is drawn.
  meet() {
    const what = target(this.finding);
    const maker = what.layer ?? what.source;
    if (maker > 0 && !this.layers.has(maker)) return; // it comes with the unfolded drawing
    this.finding = undefined;
    this.revealed = name(what);
    if (this.camera.zoom > 1) this.camera.fit();
    const element = this.layers.get(what.layer) ?? this.original(what.source);
    element.scrollIntoView({ block: "center", inline: "center" });
    element.focus({ preventScroll: true });
  }

  // What a link selects is brought into the frame once; from then on the person scrolls.
  reveal() {
    if (this.finding) return this.meet();
    const element = this.layers.get(this.selected?.layer);
    if (!element || this.revealed === this.data.select) return;
    this.revealed = this.data.select;
    const frame = this.drawing.getBoundingClientRect();
    const box = element.getBoundingClientRect();
    const hidden = box.left < frame.left || box.right > frame.right;
    if (hidden) this.drawing.scrollLeft += box.left + box.width / 2 - frame.left - frame.width / 2;
  }

  // Element lists by source, reader, column and Bottleneck, so that lighting never walks the whole drawing.
  index() {
    this.of = new Map();
    this.to = new Map();
    this.columns = new Map();
    this.layers = new Map();
    const into = (map, key, element) => (map.get(key) ?? map.set(key, []).get(key)).push(element);
    for (const element of this.drawing.querySelectorAll(":is([data-of], [data-source], [data-layer]):not(.off)")) {
      const { of, source, to, column, layer } = element.dataset;
      if (layer !== undefined) this.layers.set(Number(layer), element);
      else into(this.of, Number(of ?? source), element);
      if (to !== undefined) into(this.to, Number(to), element);
      if (column !== undefined) into(this.columns, Number(column), element);
    }
    this.on = [];
    this.stopAt();
  }

  listen() {
    const at = (event) => targetOf(event.target);
    this.drawing.addEventListener("pointerover", (event) => event.pointerType !== "touch" && this.hover(at(event)));
    this.drawing.addEventListener("pointerleave", () => this.hover(null));
    this.drawing.addEventListener("focusin", (event) => {
      this.stopAt(event.target);
      if (event.target.matches(":focus-visible")) this.hover(at(event));
    });
    this.drawing.addEventListener("focusout", () => this.hover(null));
    this.drawing.addEventListener("click", (event) => this.pick(event.target));
    this.drawing.addEventListener("keydown", (event) => {
      const { key, target: element } = event;
      const next = key === "Enter" || key === " " ? null : this.beside(element, key);
      if (next === undefined) return;
      event.preventDefault();
      if (next) next.focus();
      else this.pick(element);
    });
    this.heard = (event) => {
      if (event.detail?.from === "picture") return;
      const { source = null, reader } = event.detail ?? {};
      const slice = this.layers?.has(reader) && reader > source; // a cell of the matrix: what one layer reads of one source
      this.hover(source === null ? null : slice ? { source, layer: reader } : { source }, true);
    };
    document.addEventListener(EVENT, this.heard);
  }

  hover(what, heard = false) {
    if (name(what) === name(this.hovered)) return;
    this.hovered = what;
    this.light();
    const source = what ? (what.source ?? what.layer) : null; // what a Bottleneck makes has its number
    if (!heard) document.dispatchEvent(new CustomEvent(EVENT, { detail: { source, from: "picture" } }));
  }

  // Arrows along the layers walk from Bottleneck to Bottleneck or from source to source; arrows across them change
  // between a Bottleneck and what it makes. Undefined for other keys and at an end.
  beside(element, key) {
    const upright = this.shown.orientation === "vertical";
    const [back, on] = upright ? ["ArrowUp", "ArrowDown"] : ["ArrowLeft", "ArrowRight"];
    const [made, maker] = upright ? ["ArrowRight", "ArrowLeft"] : ["ArrowUp", "ArrowDown"];
    const { layer, source } = element.dataset;
    if (layer === undefined && source === undefined) return undefined;
    const at = Number(layer ?? source);
    if (key === made || key === maker) {
      if ((key === made) === (layer === undefined)) return undefined;
      return key === made ? this.original(at) : this.layers.get(at);
    }
    const all = layer === undefined ? this.originals() : [...this.layers.entries()];
    const order = all.sort(([a], [b]) => a - b);
    if (key === "Home") return order[0]?.[1];
    if (key === "End") return order.at(-1)?.[1];
    if (key === on) return order.find(([number]) => number > at)?.[1];
    if (key === back) return order.findLast(([number]) => number < at)?.[1];
    return undefined;
  }

  // The slice in the column that it was new in.
  original(source) {
    return this.slice({ source });
  }

  // Those of them that can have the focus: none in the fold.
  originals() {
    const all = [...this.columns.keys()].map((source) => [source, this.original(source)]);
    return all.filter(([, element]) => element?.matches(Framed.WALKED));
  }

  pick(element) {
    if (element.closest("[data-action]")) return this.fold(!this.data.unfolded);
    const what = this.readOf(element) ?? targetOf(element);
    if (what) this.choose(name(what) === name(this.selected) ? null : what);
  }

  // A lane, and a copy of a slice, stand for one reader of one source.
  readOf(element) {
    const { of, to, source, column } = element.dataset;
    const from = Number(to === undefined ? source : of);
    const reader = to === undefined ? Number(column) + 1 : Number(to);
    if (!this.layers.has(reader) || (to === undefined && !(Number(column) > from))) return undefined;
    return { source: from, layer: reader };
  }

  choose(what) {
    this.film.end();
    this.selected = what;
    if (!what) this.hovered = null;
    this.light();
    this.select(name(what));
  }

  light() {
    const svg = this.drawing.firstElementChild;
    if (!svg) return;
    for (const element of this.on) element.classList.remove("on", "near", "selected");
    const what = this.film.hides ? null : (this.hovered ?? (this.film.told ? null : this.selected));
    this.on = what ? this.lit(what) : [];
    for (const element of this.on) element.classList.add("on");
    svg.classList.toggle("lit", this.on.length > 0);
    if (what && what.layer === undefined)
      for (const [layer, element] of this.layers) if (layer > what.source) this.also(element, "near");
    this.mark();
    this.strip.show(this.data, what, this.selected, this.film.told);
  }

  mark() {
    const { selected } = this;
    for (const element of this.drawing.querySelectorAll("[aria-pressed]")) element.removeAttribute("aria-pressed");
    if (!selected) return;
    const element = selected.source === undefined ? this.layers.get(selected.layer) : this.slice(selected);
    if (!element) return;
    this.also(element, "selected");
    if (!element.matches(Framed.WALKED)) return;
    element.setAttribute("aria-pressed", "true");
    if (!this.drawing.contains(this.root.getRootNode().activeElement)) this.stopAt(element);
  }

  also(element, word) {
    element.classList.add(word);
    if (!this.on.includes(element)) this.on.push(element);
  }

  slice({ source, layer }) {
    const own = (this.columns.get(source) ?? []).find((e) => Number(e.dataset.source) === source);
    if (layer === undefined) return own;
    return (this.columns.get(layer - 1) ?? []).find((e) => Number(e.dataset.source) === source) ?? own;
  }

  // What belongs together: a source's whole path; what a Bottleneck reads and makes; one slice and its lane.
  lit({ source, layer }) {
    const found = layer === undefined ? [] : [this.layers.get(layer)];
    if (layer === undefined) found.push(...(this.of.get(source) ?? []), this.layers.get(source));
    else if (source === undefined) {
      for (const read of Array(layer).keys()) found.push(this.slice({ source: read, layer }), ...this.labels(read));
      found.push(...(this.to.get(layer) ?? []), this.slice({ source: layer }), ...this.labels(layer));
      found.push(...(this.of.get(layer) ?? []).filter((e) => e.classList.contains("flare")));
    } else {
      const lane = (this.to.get(layer) ?? []).filter((e) => Number(e.dataset.of) === source);
      found.push(this.slice({ source, layer }), ...lane, ...this.labels(source));
    }
    return found.filter(Boolean);
  }

  labels(source) {
    return (this.of.get(source) ?? []).filter((e) => e.classList.contains("source"));
  }

  end() {
    super.end();
    this.keys.end();
    this.film.end();
    document.removeEventListener(EVENT, this.heard);
  }
}
