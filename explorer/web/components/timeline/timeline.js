// A training step, byte by byte. Streamlit calls the default function on the first mount and on new data; words, colours
// and every tensor's life come from Python, and what an instant shows is worked out here, where the pointer is.

const EVENT = "dbe-source";
const timelines = new WeakMap();
document.adoptedStyleSheets.push(sheet);

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".dbe-timeline");
  let timeline = timelines.get(root);
  if (!timeline) timelines.set(root, (timeline = new Timeline(root)));
  timeline.select = (value) => setTriggerValue("select", value);
  timeline.show(data);
  return () => {
    timeline.end();
    timelines.delete(root);
  };
}

async function unpackedTrack(packed) {
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const track = JSON.parse(await new Response(stream).text());
  return track.lives ? new Course(track) : new Curve(track);
}

class Timeline {
  constructor(root) {
    this.root = root;
    this.plot = root.querySelector(".plot");
    this.svg = shape("svg", { tabindex: 0, role: "img" });
    this.plot.append(this.svg);
    this.known = new Map(); // packed text → Course or Curve
    this.at = null; // the step that is looked at; null: the peak
    // What is pointed at here is told by the panel; the bands beside it stay as they are.
    this.heard = (event) => event.detail?.from === "timeline" || this.light(event.detail?.source ?? null);
    document.addEventListener(EVENT, this.heard);
    this.listen();
    this.resize = new ResizeObserver(() => this.width !== this.plot.clientWidth && this.draw());
    this.resize.observe(this.plot);
  }

  async show(data) {
    if (data.turn < this.data?.turn) return; // handed over late
    this.data = data;
    this.root.style.cssText = data.colours;
    const texts = [data.track, data.list, data.residual].filter(Boolean);
    const courses = await Promise.all(texts.map(async (text) => this.known.get(text) ?? (await unpackedTrack(text))));
    if (data !== this.data) return; // something newer came meanwhile
    this.known = new Map(texts.map((text, i) => [text, courses[i]]));
    const course = this.known.get(data.track);
    if (course !== this.course) this.at = null;
    this.course = course;
    this.draw();
  }

  // --- drawing --------------------------------------------------------------------------------------

  draw() {
    if (!this.data) return;
    const { data, course } = this;
    const list = this.known.get(data.list);
    const residual = this.known.get(data.residual);
    this.width = this.plot.clientWidth;
    const narrow = this.root.clientWidth < 700;
    const message = this.root.querySelector(".message");
    message.hidden = !data.message;
    message.textContent = data.message;
    message.classList.toggle("busy", data.busy);
    this.svg.setAttribute("aria-label", data.label);
    const chart = (this.chart = new Chart(this.svg, Math.max(280, this.width), narrow ? 250 : 424, narrow));
    const own = [course, list].filter(Boolean).map((one) => one.totals[one.peak]);
    const tops = [...own, data.flat ?? 0];
    const within = residual && (!own.length || residual.totals[residual.peak] < 3 * Math.max(...tops));
    if (within) tops.push(residual.totals[residual.peak]);
    const top = Math.max(0, ...tops);
    chart.scale(top, data.unit);
    if (top > 0) chart.text(0, 12, data.words.alive, "axis");
    this.marks = shape("g");
    this.columns = null;
    if (course) this.stack(chart, course);
    if (residual && within) chart.outline(residual, "outline");
    if (list && list !== course) chart.outline(list, "ghost");
    const shown = course ?? list ?? residual;
    if (shown) this.foot(chart, course ?? list, narrow);
    this.named = null;
    if (residual) this.nameResidual(chart, residual, within, [course, list].filter(Boolean));
    if (list && list !== course) this.nameList(chart, list, course);
    if (data.flat !== null) this.flat(chart);
    if (course) this.ring(chart, course, within ? residual : null);
    this.svg.append(this.marks);
    this.panel(narrow);
    this.light(this.lit ?? null);
    drawn(this.root);
  }

  stack(chart, course) {
    const { layers } = course.block;
    const gradients = { fill: "url(#timeline-gradients)", name: this.data.words.gradients };
    const bands =
      this.data.by === "source"
        ? course.bySource.map((values, i) => {
            if (i === 0) return { values, fill: "var(--weights)", name: this.data.words.weights, on: "var(--ink)" };
            if (i === layers + 2) return { values, ...gradients };
            return { values, fill: `var(--source-${i - 1})`, source: i - 1, name: i === 1 ? "x₀" : String(i - 1), on: `var(--on-source-${i - 1})` };
          })
        : this.data.kinds.map(({ purposes, fill, on, name }) => ({
            values: Float64Array.from({ length: course.steps }, (_, i) => purposes.reduce((n, p) => n + course.byPurpose[course.purposes.indexOf(p)][i], 0)),
            fill: purposes.includes(GRADIENT) ? gradients.fill : fill,
            name,
            on,
          }));
    this.columns = chart.bands(course, bands);
    for (const band of bands) this.nameBand(chart, course, band);
  }

  // A band's name stands inside it where it is high enough: at the end of forward, gradients where they are most.
  nameBand(chart, course, band) {
    const columns = this.columns;
    const height = (i) => chart.y(band.low[i]) - chart.y(band.high[i]);
    if (band.fill.includes("gradients")) {
      const highest = Math.max(...columns.map((_, i) => height(i)));
      const most = columns.findIndex((_, i) => height(i) > 0.75 * highest);
      if (height(most) > 26) chart.word(columns[most].at + 12, (chart.y(band.low[most]) + chart.y(band.high[most])) / 2 + 4.5, band.name, "strong", "middle");
      return;
    }
    const bySource = this.data.by === "source";
    const many = course.block.layers > 12;
    if (bySource && many && band.source > 0) return;
    const probe = shape("text", { class: "strong" }, band.name);
    chart.svg.append(probe);
    const wide = probe.getBBox().width;
    probe.remove();
    const [from, to] = bySource ? [chart.middle - 8 - wide, chart.middle - 7] : [chart.middle + 7, chart.middle + 8 + wide];
    const under = columns.map((_, i) => i).filter((i) => columns[i].to > from && columns[i].at < to);
    const top = Math.max(...under.map((i) => chart.y(band.high[i])));
    const floor = Math.min(...under.map((i) => chart.y(band.low[i])));
    if (floor - top < 14.5) return;
    const [x, anchor] = bySource ? [chart.middle - 7, "end"] : [chart.middle + 7, "start"];
    const name = chart.text(x, (floor + top) / 2 + 4.5, band.name, "strong name", anchor, `fill:${band.on}`);
    if (band.source !== undefined) name.dataset.source = band.source;
  }

  foot(chart, course, narrow) {
    const { words } = this.data;
    const [forward, backward] = [words.forward, words.backward].map((text, i) => text.replace("{n}", (i ? course.steps - course.split : course.split - 1).toLocaleString("en")));
    chart.line(chart.middle, 18, chart.middle, chart.floor, "turn");
    chart.text(chart.middle - 8, chart.height - 8, narrow ? words.forwardShort : forward, "axis", "end");
    chart.text(chart.middle + 8, chart.height - 8, narrow ? words.backwardShort : backward, "axis");
  }

  nameResidual(chart, residual, within, others) {
    const { words, residualLabel } = this.data;
    const peak = residual.totals[residual.peak];
    if (!within) {
      chart.word(chart.width, 12, words.outside.replace("{label}", residualLabel).replace("{peak}", this.full(peak)), "residual", "end");
      return;
    }
    const text = words.peaks.replace("{label}", residualLabel).replace("{peak}", this.short(peak));
    const x = residual.x(residual.peak, chart.left, chart.middle, chart.right) + 10;
    const element = chart.word(x, 0, text, "residual");
    const box = element.getBBox();
    const under = chart.y(chart.highest([residual, ...others], box.x - 4, box.x + box.width + 4));
    const y = Math.max(14, under - 8);
    element.setAttribute("y", y);
    const peakY = chart.y(residual.totals[residual.peak]);
    if (peakY > y + 24) chart.line(x - 8, y + 4, x - 8, peakY - 2, "leader"); // over the block's own course
    this.named = boxOf(element);
  }

  nameList(chart, list, course) {
    const words = this.data.words.list.replace("{peak}", this.short(list.totals[list.peak]));
    if (!course) {
      const i = Math.round(list.split * 0.85);
      chart.word(list.x(i, chart.left, chart.middle, chart.right) - 8, chart.y(list.totals[i] * 0.55), words, "axis", "middle");
      return;
    }
    // Between the two curves where they are farthest apart in forward; above both where they never are.
    let best = { gap: 0 };
    for (let x = chart.left + 90; x < chart.middle - 10; x += 8) {
      const [above, below] = [list, course].map((one) => chart.y(one.totals[one.stepAt(x, chart.left, chart.middle, chart.right)]));
      if (below - above > best.gap) best = { gap: below - above, x, y: (above + below) / 2 };
    }
    if (best.gap > 24) chart.word(best.x, best.y + 4, words, "axis", "middle");
  }

  flat(chart) {
    const y = chart.y(this.data.flat);
    chart.line(chart.left, y, chart.width, y, "flat");
    const { flat } = this.data.words;
    const whole = chart.word(chart.middle, y - 9, flat, "dense", "middle");
    if (whole.getBBox().width <= chart.width - chart.left) return;
    whole.remove(); // on a phone it takes two lines
    const at = flat.indexOf(" ", flat.length / 2);
    chart.word(chart.middle, y - 27, flat.slice(0, at), "dense", "middle");
    chart.word(chart.middle, y - 9, flat.slice(at + 1), "dense", "middle");
  }

  ring(chart, course, residual) {
    const x = course.x(course.peak + 0.5, chart.left, chart.middle, chart.right);
    const y = chart.y(course.totals[course.peak]);
    chart.svg.append(shape("circle", { cx: x, cy: y, r: 4.5, style: "fill:var(--background);stroke:var(--ink);stroke-width:2" }));
    const words = this.data.words.peak.replace("{peak}", this.short(course.totals[course.peak]));
    const right = [x < chart.middle && x > chart.middle - 120 ? chart.middle + 8 : x + 10, "start"];
    const sides = x < chart.middle - 120 ? [[x - 10, "end"], right] : [right, [x - 10, "end"]];
    // Beside the ring, where neither the residual block's line nor its name is.
    let best = null;
    for (const [at, anchor] of sides)
      for (const down of [4, 18, -9]) {
        const element = chart.word(at, y + down, words, "strong", anchor);
        const box = boxOf(element);
        const hidden = (residual && chart.meets(residual, box) ? 1 : 0) + (this.named && overlap(box, this.named) ? 2 : 0);
        if (best && best.hidden <= hidden) element.remove();
        else {
          best?.element.remove();
          best = { element, hidden };
        }
      }
  }

  // --- one instant ----------------------------------------------------------------------------------

  panel(narrow) {
    const { course, data } = this;
    const said = this.root.querySelector(".said");
    const hint = this.root.querySelector(".hint");
    const maps = this.root.querySelector(".maps");
    hint.textContent = course ? data.words.hint : "";
    if (!course) {
      this.maps = null;
      maps.replaceChildren();
      said.replaceChildren(...(data.why ?? []).map((text, i) => Object.assign(document.createElement(i ? "p" : "h3"), { textContent: text, className: i ? "why" : "" })));
      return;
    }
    this.most = Math.max(1, ...data.rows.flatMap(({ purposes }) => Array.from({ length: course.steps }, (_, i) => purposes.reduce((n, p) => n + course.byPurpose[course.purposes.indexOf(p)][i], 0))));
    this.maps = new Maps(maps, course, Math.max(240, Math.min(maps.clientWidth, narrow ? 520 : 288)), data.order, data.words.out);
    this.instant();
  }

  instant() {
    const { course, data, chart } = this;
    if (!course) return;
    const step = this.at ?? course.peak;
    const x = course.x(step + 0.5, chart.left, chart.middle, chart.right);
    const looked = step !== course.peak;
    this.marks.replaceChildren(...(looked ? [shape("line", { x1: x, x2: x, y1: 18, y2: chart.floor, class: "cursor" }), shape("circle", { cx: x, cy: chart.y(course.totals[step]), r: 4, style: "fill:var(--ink)" })] : []));
    const alive = course.alive(step);
    const said = this.root.querySelector(".said");
    const title = document.createElement("h3");
    const heading = looked ? data.words.after : data.words.atPeak;
    title.textContent = heading.replace("{n}", step.toLocaleString("en")).replace("{of}", (course.steps - 1).toLocaleString("en")).replace("{bytes}", this.full(course.totals[step]));
    const where = document.createElement("p");
    where.textContent = this.where(step);
    const stays = document.createElement("p");
    stays.className = "stays";
    const back = step >= course.split;
    stays.textContent = (back ? data.words.still : data.words.stays).replace("{bytes}", this.full(course.staying(step)));
    said.replaceChildren(title, where, ...data.rows.map((row) => this.row(row, step, alive)), stays);
    this.maps.show(alive);
    this.root.dataset.step = step;
  }

  where(step) {
    const { course, data } = this;
    if (step === 0) return data.words.before;
    const pass = step >= course.split ? data.words.inBackward : data.words.inForward;
    const layer = course.at[step - 1];
    const who = layer ? data.words.bottleneck.replace("{n}", layer) : data.words.block;
    return [pass, who, data.ops[course.names[course.ops[step - 1]]] ?? course.names[course.ops[step - 1]]].join(" · ");
  }

  row({ name, purposes, fill }, step, alive) {
    const { course, data } = this;
    const within = alive.filter((life) => purposes.includes(life.purpose));
    const bytes = within.reduce((n, life) => n + life.bytes, 0);
    const row = document.createElement("div");
    row.className = within.length ? "part" : "part none";
    const [label, value, bar] = ["span", within.length ? "b" : "span", "div"].map((tag) => document.createElement(tag));
    label.textContent = name;
    value.textContent = within.length ? this.short(bytes) : data.words.none;
    bar.className = "bar";
    const parts = new Map();
    if (data.by === "source") for (const life of within) for (const [band, n] of course.shares(life)) parts.set(band, (parts.get(band) ?? 0) + n);
    else parts.set(purposes.includes(GRADIENT) ? course.block.layers + 2 : -1, bytes);
    for (const [band, n] of [...parts].sort(([a], [b]) => a - b)) {
      const piece = document.createElement("i");
      piece.style.width = `${(100 * n) / this.most}%`;
      if (band === course.block.layers + 2) piece.className = "hatched";
      else piece.style.background = band < 0 ? fill : band === 0 ? "var(--weights)" : `var(--source-${band - 1})`;
      bar.append(piece);
    }
    row.append(label, value, bar);
    return row;
  }

  short(bytes) {
    const { one, decimals } = this.data.unit;
    return (bytes / one).toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  }

  full(bytes) {
    return `${this.short(bytes)} ${this.data.unit.name}`;
  }

  // --- what a person does ---------------------------------------------------------------------------

  listen() {
    const to = (event) => {
      if (!this.course) return;
      const box = this.svg.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * this.chart.width;
      this.go(this.course.stepAt(x, this.chart.left, this.chart.middle, this.chart.right));
    };
    this.svg.addEventListener("pointermove", (event) => {
      to(event);
      const source = event.target.dataset?.source;
      if (source !== this.told) document.dispatchEvent(new CustomEvent(EVENT, { detail: { source: source === undefined ? null : Number(source), from: "timeline" } }));
      this.told = source;
    });
    this.svg.addEventListener("pointerdown", to);
    this.svg.addEventListener("pointerleave", (event) => {
      if (event.pointerType !== "touch") this.go(null); // a finger has left, and its instant stays to be read
      if (this.told !== undefined) document.dispatchEvent(new CustomEvent(EVENT, { detail: { source: null, from: "timeline" } }));
      this.told = undefined;
    });
    this.svg.addEventListener("click", (event) => {
      const source = event.target.dataset?.source;
      if (source !== undefined) this.select(Number(source) === this.data.select ? "" : `source-${source}`);
    });
    this.svg.addEventListener("keydown", (event) => {
      const step = this.at ?? this.course?.peak;
      const next = { ArrowLeft: step - 1, ArrowRight: step + 1, PageUp: step - 10, PageDown: step + 10, Home: 0, End: Infinity, Escape: null }[event.key];
      if (next === undefined || !this.course) return;
      event.preventDefault();
      this.go(next);
    });
  }

  go(step) {
    const bounded = step === null ? null : Math.max(0, Math.min(this.course.steps - 1, step));
    if (bounded === this.at) return;
    this.at = bounded;
    this.due ??= requestAnimationFrame(() => {
      this.due = null;
      this.instant();
    });
  }

  // A source that is pointed at anywhere; else the one that the view selects.
  light(source) {
    this.lit = source;
    const lit = source ?? this.data?.select;
    const bands = this.svg.querySelectorAll(".band");
    const some = lit !== null && lit !== undefined && [...bands].some((band) => Number(band.dataset.source) === lit);
    this.svg.classList.toggle("lit", some);
    for (const part of this.svg.querySelectorAll(":is(.band, .name)")) part.classList.toggle("on", Number(part.dataset.source) === lit);
  }

  end() {
    document.removeEventListener(EVENT, this.heard);
    this.resize.disconnect();
    if (this.due) cancelAnimationFrame(this.due);
  }
}
