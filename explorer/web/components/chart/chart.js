// Draws one chart in place. Streamlit calls the default function on the first mount, on new data and on a theme switch.

const EVENT = "dbe-source";
const FILM = "dbe-film"; // {layer: n}: only what Bottlenecks 1 to n do is to be seen; null: everything
const COLOUR = /color-mix\(in srgb, (var\(--[\w-]+\)) (\d+)%, (var\(--[\w-]+\))\)|var\(--[\w-]+\)/g;
const STRIDES = [1, 2, 4, 5, 8, 10, 16, 20, 32, 64];
const TRIES = 3; // after a fault, by itself; any later redraw tries again too
const CHARACTER = 7.2; // px, the widest mean of a 13 px font that we may have to fall back to
const characters = (text) => [...text].reduce((sum, one) => sum + (one > "\u2e80" ? 1.8 : 1), 0); // Han ones are square
const charts = new WeakMap();
document.adoptedStyleSheets.push(sheet);
let together; // until when charts wait for one another
let plotly; // one promise for all charts of the page

export default function ({ parentElement, data }) {
  let chart = charts.get(parentElement);
  if (!chart || !chart.section.isConnected) {
    chart = new Chart(parentElement.querySelector(".dbe-chart"));
    charts.set(parentElement, chart);
  }
  chart.show(data);
  return () => {
    chart.end();
    charts.delete(parentElement);
  };
}

class Chart {
  constructor(section) {
    this.section = section;
    [this.title, this.line, this.place, this.plot, this.message] = ["h2", ".line", ".place", ".plot", ".message"].map((s) =>
      section.querySelector(s),
    );
    this.pointed = null; // the source that is pointed at, anywhere on the page
    this.heard = (event) => {
      this.pointed = event.detail?.source ?? null;
      this.dim();
    };
    this.layer = null;
    this.filmed = (event) => this.cut(event.detail?.layer ?? null);
    document.addEventListener(EVENT, this.heard);
    document.addEventListener(FILM, this.filmed);
    this.resize = new ResizeObserver(() => this.fits(this.place.clientWidth));
    this.resize.observe(this.place);
  }

  show(data) {
    const before = this.data;
    if (data.turn < before?.turn) return; // handed over late
    this.data = data;
    if (before && before.source !== data.source && before.figure === data.figure) return this.dim(); // only chosen
    this.title.textContent = data.title;
    this.line.textContent = data.line;
    if (data.turn === before?.turn || !before) {
      this.section.style.cssText = data.colours;
      this.dark = dark(this.section); // the same data come again when the theme is switched
    }
    this.place.style.height = `${data.height}px`;
    this.say(data.figure ? "" : data.message, data.busy);
    this.plot.hidden = !data.figure;
    if (data.figure) this.draw();
    else this.plot.removeAttribute("aria-label");
  }

  // The width is kept, and not asked for with every drawing: the browser would lay out the whole page to answer.
  fits(width) {
    this.room = width;
    if (width !== this.width) this.draw();
  }

  say(text, busy = false) {
    this.message.hidden = !text && !busy;
    this.message.textContent = text;
    this.message.classList.toggle("busy", busy);
  }

  // One drawing at a time; what arrives meanwhile is drawn once afterwards, and only the newest of it.
  async draw() {
    this.again = true;
    if (this.drawing) return;
    this.drawing = true;
    try {
      plotly ??= load(this.data.plotly);
      const Plotly = await plotly;
      await gathered();
      while (this.again && !this.ended) {
        this.again = false;
        this.room ||= this.place.clientWidth;
        if (this.data.figure && this.room) await this.react(Plotly);
      }
      if (this.data.figure && !this.room && !this.ended) this.wait();
    } catch (fault) {
      plotly = undefined; // what did not load on a busy line may load a moment later
      this.faults = (this.faults ?? 0) + 1;
      if (this.faults <= TRIES) setTimeout(() => !this.ended && this.draw(), 1000 * this.faults);
      this.say(`${this.data.fault} ${this.alt ?? ""}`);
    } finally {
      this.drawing = false;
    }
  }

  // Out of sight (`content-visibility`) the browser now and then says that a place which it has not laid out yet is 0 px
  // wide, and tells nothing of its size until it comes into sight. Printed, or in a picture of the whole page, it never does.
  wait() {
    clearTimeout(this.waiting);
    this.waits = Math.min(2 * (this.waits ?? 25), 2000);
    this.waiting = setTimeout(() => !this.ended && this.draw(), this.waits);
  }

  async react(Plotly) {
    const figure = JSON.parse(coloured(this.data.figure, this.data.palette, this.dark));
    const { data, layout, config } = figure;
    this.alt = figure.alt;
    this.width = layout.width = this.room;
    this.waits = undefined;
    if (matchMedia("(pointer: coarse)").matches) layout.dragmode = false; // a finger scrolls the page
    thin(data, layout);
    this.plot.setAttribute("aria-label", figure.alt);
    await Plotly.react(this.plot, data, layout, config);
    if (!this.listening) {
      this.listening = true;
      this.plot.on("plotly_hover", ({ points }) => tell(sourceOf(points[0])));
      this.plot.on("plotly_unhover", () => tell(null));
      this.plot.on("plotly_relayout", () => this.cut(this.layer));
    }
    this.dim();
    this.cut(this.layer);
    this.say("");
    drawn(this.plot);
  }

  // Lights what is pointed at, else what is chosen. Classes on Plotly's own nodes: restyling sixty traces takes far longer.
  dim() {
    const source = this.pointed ?? this.data?.source ?? null;
    if (source === null && !this.dimmed) return; // there may be two thousand bars
    this.dimmed = source !== null;
    for (const group of this.plot.querySelectorAll("g.trace")) {
      const trace = group.__data__?.[0]?.trace;
      const { source: one, sources: each, band } = trace?.meta ?? {};
      const whole = one !== undefined ? one === source : band ? band.includes(source) : undefined;
      group.classList.toggle("dim", source !== null && whole === false);
      if (each)
        for (const point of group.querySelectorAll(".point"))
          point.classList.toggle("dim", source !== null && each[point.__data__?.i] !== source);
    }
  }

  // Cuts the block's own traces off where Bottleneck `layer` ends, which the figure says in `layout.meta.film`; what the
  // residual block does stays, and what is said of the end waits for it.
  cut(layer) {
    const before = this.layer;
    this.layer = layer;
    const { meta, annotations = [], xaxis } = this.plot._fullLayout ?? {};
    if (!meta?.film || (layer === null && before === null)) return;
    const to = layer === null ? undefined : meta.film[layer];
    const end = to === undefined ? 0 : Math.max(0, Math.min(xaxis._length, xaxis.d2p(to)));
    const shape = to === undefined ? "" : `polygon(0 -99px, ${end}px -99px, ${end}px 9999px, 0 9999px) view-box`;
    for (const group of this.plot.querySelectorAll("g.trace")) {
      const its = group.__data__?.[0]?.trace?.meta ?? {};
      if (its.sources || its.band || its.thin) group.style.clipPath = shape;
      if (its.end) group.classList.toggle("later", layer !== null);
    }
    for (const element of this.plot.querySelectorAll(".annotation[data-index]"))
      element.classList.toggle("later", layer !== null && annotations[element.dataset.index]?.name === "end");
  }

  end() {
    this.ended = true;
    document.removeEventListener(FILM, this.filmed);
    document.removeEventListener(EVENT, this.heard);
    this.resize.disconnect();
    window.Plotly?.purge(this.plot);
  }
}

// Charts whose data come together are drawn together: with a frame after each, the browser would lay out and paint as often.
function gathered() {
  together ??= new Promise((done) => setTimeout(done)).finally(() => (together = undefined));
  return together;
}

function load(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(address, location.origin).href;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("Plotly could not be loaded"));
    document.head.append(script);
  });
}

// Plotly knows no CSS variables: every colour in the figure's text becomes what it is in the theme of the moment. The
// palette's declarations say it; to ask the browser would make it work out the style of the whole page.
function coloured(text, palette, dark) {
  const known = new Map();
  for (const [, name, light, other] of palette.matchAll(/(--[\w-]+):light-dark\((#\w{6}),(#\w{6})\)/g))
    known.set(`var(${name})`, rgb(dark ? other : light));
  return text.replace(COLOUR, (token, one, share, other) => {
    if (!known.has(token)) known.set(token, mixed(known.get(one), known.get(other), Number(share) / 100));
    return `rgb(${known.get(token).join(",")})`;
  });
}

function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

function mixed(one, other, share) {
  return one.map((value, i) => Math.round(value * share + other[i] * (1 - share)));
}

// Leaves out axis numbers and numbers above bars that would touch at this width; the last one stays.
function thin(data, layout) {
  const { xaxis, margin, width } = layout;
  if (!xaxis.range || !xaxis.tickvals) return;
  const unit = (width - margin.l - margin.r) / (xaxis.range[1] - xaxis.range[0]);
  const numbers = data.filter((trace) => trace.meta?.thin);
  const longest = Math.max(...[xaxis.ticktext.slice(1), ...numbers.map((trace) => trace.text)].flat().map(characters), 1);
  const first = characters(xaxis.ticktext[0]) * CHARACTER > unit - 4 ? 2 : 1; // a word there, such as "input"
  const stride = STRIDES.find((s) => s * unit >= longest * CHARACTER + 5 && s >= first) ?? STRIDES.at(-1);
  const last = xaxis.tickvals.at(-1);
  const kept = xaxis.tickvals.filter((v) => v % stride === 0 && (last - v >= stride || v === last));
  if (!kept.includes(last)) kept.push(last);
  const keeps = (value) => kept.includes(value);
  xaxis.ticktext = xaxis.ticktext.filter((_, i) => keeps(xaxis.tickvals[i]));
  for (const trace of numbers) trace.text = trace.text.map((text, i) => (keeps(trace.x[i]) ? text : ""));
  xaxis.tickvals = kept;
}

function sourceOf(point) {
  const { source, sources, band } = point?.data?.meta ?? {};
  if (source !== undefined) return source;
  if (sources) return sources[point.pointNumber] ?? null;
  return band?.length === 1 ? band[0] : null;
}

function tell(source) {
  document.dispatchEvent(new CustomEvent(EVENT, { detail: { source } }));
}
