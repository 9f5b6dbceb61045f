// The concatenation graph, small: each map a column as high as its channels, filled while it is alive.

const MAPS = { high: 86, floor: 90, all: 176, pale: { copy: 0.75, normalised: 0.5, middle: 0.66, after: 0.66, made: 1 } };

class Maps {
  // `order`: what stands in each Bottleneck, from the left: some of copy, normalised, middle, after, made.
  constructor(root, course, width, order, out) {
    this.course = course;
    this.order = order;
    const { c0, k, layers } = course.block;
    const wide = c0 + layers * k;
    const shared = course.buffer;
    const per = order.length;
    const lead = shared ? 2 : 1;
    const gap = 0.9;
    this.column = width / (lead + layers * per + gap * (layers + 1) + (shared ? 0 : 1));
    this.scale = MAPS.high / Math.max(wide, course.middle);
    this.wide = Math.max(0.8, this.column - (layers > 12 ? 0.3 : 1));
    this.width = width;
    this.lead = lead;
    this.gap = gap;
    this.svg = shape("svg", { viewBox: `0 0 ${width} ${MAPS.all}`, height: MAPS.all, "aria-hidden": "true" });
    const fill = shape("linearGradient", { id: "timeline-sources", gradientUnits: "userSpaceOnUse", x1: 0, x2: 0, y1: MAPS.floor, y2: MAPS.floor - wide * this.scale });
    for (let source = 0, from = 0; source <= layers; source++) {
      const to = from + (source ? k : c0);
      for (const edge of [from, to]) fill.append(shape("stop", { offset: edge / wide, style: `stop-color:var(--source-${source})` }));
      from = to;
    }
    this.hung = shape("g");
    this.svg.append(fill, hatch("timeline-hung"), shape("line", { x1: 0, x2: width, y1: MAPS.floor + 0.5, y2: MAPS.floor + 0.5, class: "grid" }));
    this.places = new Map();
    this.put("input", 0, 0, 0, c0, "var(--source-0)", 1);
    if (shared) this.put("buffer", 0, this.column * 1.5, 0, wide, "url(#timeline-sources)", MAPS.pale.copy);
    for (let layer = 1; layer <= layers; layer++) {
      const reads = c0 + (layer - 1) * k;
      order.forEach((what, i) => {
        const x = this.x(layer) + i * this.column;
        const own = `var(--source-${layer})`;
        if (what === "copy" || what === "normalised") this.put(what, layer, x, 0, reads, "url(#timeline-sources)", MAPS.pale[what]);
        else if (what === "made") this.put(what, layer, x, shared ? 0 : reads, k, own, 1);
        else this.put(what, layer, x, 0, course.middle, own, MAPS.pale[what]);
      });
      const named = layers < 13 || (layer % 8 === 0 && this.x(layer) < width - 12);
      if (named) this.svg.append(shape("text", { x: this.x(layer) + ((per - 0.5) * this.column) / 2, y: MAPS.all - 3, "text-anchor": "middle" }, layer));
    }
    const end = { y: MAPS.all - 3 };
    if (layers < 13) this.svg.append(shape("text", { x: 0, ...end }, "x₀"));
    if (!shared && layers < 10) this.svg.append(shape("text", { x: width, "text-anchor": "end", ...end }, out));
    if (!shared) this.put("copy", layers + 1, this.x(layers + 1), 0, wide, "url(#timeline-sources)", MAPS.pale.copy);
    this.svg.append(this.hung);
    root.replaceChildren(this.svg);
  }

  x(layer) {
    return (this.lead + (layer - 1) * this.order.length + this.gap * layer) * this.column;
  }

  put(what, layer, x, from, channels, fill, pale) {
    const high = Math.max(0.6, channels * this.scale);
    const rect = shape("rect", { x, y: MAPS.floor - from * this.scale - high, width: this.wide, height: high, class: "map", style: `--of:${fill};--pale:${pale}` });
    this.places.set(`${what} ${layer}`, rect);
    this.svg.append(rect);
  }

  show(alive) {
    const lit = new Set();
    const hanging = new Map();
    for (const life of alive) {
      const place = this.placeOf(life);
      if (place) lit.add(place);
      if (life.purpose === GRADIENT && life.channels) {
        const group = Math.max(1, life.layer);
        hanging.set(group, [...(hanging.get(group) ?? []), life.channels]);
      }
    }
    for (const [name, rect] of this.places) rect.classList.toggle("on", lit.has(name));
    const hung = [];
    for (const [layer, all] of hanging)
      all.forEach((channels, i) => {
        const x = Math.min(this.width - this.wide, this.x(layer) + i * this.column);
        hung.push(shape("rect", { x, y: MAPS.floor + 1.5, width: this.wide, height: Math.min(MAPS.all - MAPS.floor - 20, Math.max(0.6, channels * this.scale)), class: "grad", fill: "url(#timeline-hung)" }));
      });
    this.hung.replaceChildren(...hung);
  }

  placeOf({ purpose, layer, channels, born }) {
    const { c0, k } = this.course.block;
    if (purpose === "input") return "input 0";
    if (purpose === "copy") return this.course.buffer ? "buffer 0" : `copy ${Math.round((channels - c0) / k) + 1}`;
    if (purpose === "normalised") return `normalised ${layer}`;
    if (purpose === "new") return `made ${layer}`;
    if (purpose !== "middle") return null;
    const first = this.course.names[this.course.ops[born - 1]].includes("conv");
    return `${first || !this.order.includes("after") ? "middle" : "after"} ${layer}`;
  }
}
