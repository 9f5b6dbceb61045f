// Moves a drawing from what it was to what it has become: every number of every shape, each from its old to its new value.
class Motion {
  static SHAPES = { rect: ["x", "y", "width", "height"], path: ["d"], polygon: ["points"], text: ["x", "y"] };

  // What every shape is now. Taken in the middle of a movement, the next one goes on from there.
  static seen(svg) {
    const shapes = new Map();
    for (const element of svg.querySelectorAll("rect, path, polygon, text")) {
      const values = Motion.SHAPES[element.tagName].map((attribute) => element.getAttribute(attribute));
      shapes.set(Motion.key(element), values);
    }
    return shapes;
  }

  // Pieces without an id are told apart by their place within what has one.
  static key(element) {
    return element.id || `${element.parentNode.id}/${[...element.parentNode.children].indexOf(element)}`;
  }

  constructor(svg, before, { duration, stagger, ended }) {
    Object.assign(this, { duration, stagger, ended });
    this.moves = [];
    this.news = [];
    for (const element of svg.querySelectorAll("rect, path, polygon, text")) {
      const old = before.get(Motion.key(element));
      if (!old) {
        if (element.id) this.news.push(element);
        continue;
      }
      Motion.SHAPES[element.tagName].forEach((attribute, i) => this.add(element, attribute, old[i]));
    }
    const places = this.moves.map((move) => move.place);
    const most = Math.max(...places, 1);
    for (const move of this.moves) move.place /= most;
    this.started = performance.now();
    this.step(this.started);
  }

  add(element, attribute, old) {
    const now = element.getAttribute(attribute);
    if (old === now || old === null || now === null) return;
    const [from, to] = [old, now].map((text) => text.match(NUMBER)?.map(Number) ?? []);
    const [before, after] = [old, now].map((text) => text.replace(NUMBER, "").replace(/[\s,]+/g, ""));
    if (from.length !== to.length || before !== after) return; // another kind of shape
    // A number stands behind its command, or behind a space: one that changes its sign must not run into the one before.
    const signs = now.split(NUMBER).map((text) => text.replace(/[\s,]+/g, "") || " ");
    // Where it stands in the block: ids end in its column, its reader or its layer, which is the larger number.
    const place = Math.max(0, ...((element.id || element.parentNode.id).match(/\d+/g) ?? []).map(Number));
    this.moves.push({ element, attribute, from, to, signs, now, place, at: -1 });
  }

  step = (time) => {
    const part = Math.min(1, Math.max(0, (time - this.started) / this.duration));
    for (const move of this.moves) {
      const own = Math.min(1, Math.max(0, part * (1 + this.stagger) - this.stagger * move.place));
      if (own === move.at) continue;
      move.at = own;
      move.element.setAttribute(move.attribute, own === 1 ? move.now : Motion.between(move, ease(own)));
    }
    this.appear(part);
    if (part < 1) this.frame = requestAnimationFrame(this.step);
    else this.ended();
  };

  // What is new comes after the rest has made room. Not as an animation of the browser's, which gives each a layer of its own.
  appear(part) {
    const shown = part === 1 ? "" : String(Math.max(0, Math.round(20 * (part - 0.4)) / 12));
    if (shown === this.shown) return;
    this.shown = shown;
    for (const element of this.news) element.style.opacity = shown;
  }

  static between({ from, to, signs }, part) {
    let text = "";
    for (let i = 0; i < to.length; i++) {
      const value = Math.round(10 * (from[i] + (to[i] - from[i]) * part)) / 10;
      text += i || signs[0] !== " " ? signs[i] + value : value;
    }
    return text + (signs.at(-1) === " " ? "" : signs.at(-1));
  }

  stop() {
    cancelAnimationFrame(this.frame);
    this.appear(1);
  }
}

const NUMBER = /-?\d*\.?\d+/g;
const ease = (part) => (part < 0.5 ? 4 * part ** 3 : 1 - (2 - 2 * part) ** 3 / 2);
