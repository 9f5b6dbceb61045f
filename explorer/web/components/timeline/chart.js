// The course of a step as a drawing: bands stacked, the residual block as a line, the peak ringed.

const SVG = "http://www.w3.org/2000/svg";
const PLACE = { left: 34, top: 24, bottom: 26 };

function shape(name, attributes = {}, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function hatch(id) {
  const pattern = shape("pattern", { id, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  pattern.append(shape("rect", { width: 5, height: 5, style: "fill:var(--soft)" }), shape("rect", { width: 1.6, height: 5, style: "fill:var(--mute)" }));
  return pattern;
}

// Round values from zero to `top`, about five.
function ticks(top) {
  const raw = top / 4.2;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= raw);
  return Array.from({ length: Math.floor(top / step + 1e-9) }, (_, i) => (i + 1) * step);
}

function boxOf(element) {
  const { x, y, width, height } = element.getBBox();
  return { left: x, right: x + width, top: y, bottom: y + height };
}

function overlap(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

class Chart {
  constructor(svg, width, height, narrow) {
    Object.assign(this, { svg, width, height, narrow });
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("height", height);
    svg.replaceChildren(hatch("timeline-gradients"));
    this.left = PLACE.left;
    this.right = width;
    this.middle = this.left + (width - this.left) / 2;
    this.floor = height - PLACE.bottom;
  }

  scale(top, unit) {
    this.top = Math.max(1, top) * 1.07;
    this.unit = unit;
    const ends = top > 0 ? ticks(this.top / unit.one) : []; // nothing is known yet
    for (const value of ends) {
      const y = this.y(value * unit.one);
      this.line(0, y, this.width, y, "grid");
      if (y > PLACE.top + 6) this.text(0, y - 4, value.toLocaleString("en", { maximumFractionDigits: 3 }), "axis");
    }
    this.line(0, this.floor, this.width, this.floor, "base");
  }

  y(bytes) {
    return this.floor - (bytes / this.top) * (this.floor - PLACE.top);
  }

  line(x1, y1, x2, y2, kind) {
    this.svg.append(shape("line", { x1, y1, x2, y2, class: kind }));
  }

  text(x, y, words, kind = "", anchor = "start", style = "") {
    const element = shape("text", { x, y, class: kind, "text-anchor": anchor, style }, words);
    this.svg.append(element);
    return element;
  }

  // A word within the drawing, never cut at its sides.
  word(x, y, words, kind, anchor = "start") {
    const element = this.text(x, y, words, `${kind} halo`, anchor);
    const box = element.getBBox();
    if (box.x + box.width > this.width) element.setAttribute("x", x - (box.x + box.width - this.width));
    if (box.x < this.left) element.setAttribute("x", Number(element.getAttribute("x")) + this.left - box.x);
    return element;
  }

  columns(course) {
    return course.drawn(this.left, this.middle, this.right);
  }

  // [{fill, source, values}] from below.
  bands(course, bands) {
    const columns = this.columns(course);
    const many = bands.length > 14;
    let low = columns.map(() => 0);
    for (const band of bands) {
      const high = columns.map(({ step }, i) => low[i] + band.values[step]);
      if (high.some((n, i) => n > low[i])) {
        const up = columns.map(({ at, to }, i) => `${at.toFixed(1)},${this.y(high[i]).toFixed(1)}H${to.toFixed(1)}`);
        const back = columns.map(({ at, to }, i) => `L${to.toFixed(1)},${this.y(low[i]).toFixed(1)}H${at.toFixed(1)}`).reverse();
        const path = shape("path", { d: `M${up.join("L")}${back.join("")}Z`, class: "band", style: `fill:${band.fill};stroke-width:${many ? 0.3 : 0.6}` });
        if (band.source !== undefined) path.dataset.source = band.source;
        this.svg.append(path);
      }
      band.low = low;
      band.high = high;
      low = high;
    }
    return columns;
  }

  outline(course, kind) {
    const points = this.columns(course).map(({ at, to, step }) => `${at.toFixed(1)},${this.y(course.totals[step]).toFixed(1)}H${to.toFixed(1)}`);
    this.svg.append(shape("path", { d: `M${points.join("L")}`, class: kind }));
  }

  // Whether a course's line goes through a box.
  meets(course, { left, right, top, bottom }) {
    const within = this.columns(course).filter((c) => c.to >= left && c.at <= right).map((c) => this.y(course.totals[c.step]));
    return within.some((y, i) => Math.max(y, within[i - 1] ?? y) > top && Math.min(y, within[i - 1] ?? y) < bottom);
  }

  // The highest of some courses between two places, in bytes.
  highest(courses, from, to) {
    const within = courses.flatMap((course) => this.columns(course).filter((c) => c.to >= from && c.at <= to).map((c) => course.totals[c.step]));
    return Math.max(0, ...within);
  }
}
