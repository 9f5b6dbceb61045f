// Moves a drawing from what it was to what it has become: every number of every shape, each from its old to its new value.
class Motion {
  static SHAPES = { rect: ["x", "y", "width", "height"], path: ["d"], polygon: ["points"], text: ["x", "y"] };
  static SHAPE = Object.keys(Motion.SHAPES).join();
  static WAIT = 250; // ms that a motion waits at most until the rest of the page is drawn

  constructor({ duration, stagger }) {
    Object.assign(this, { duration, stagger });
    this.moves = [];
    this.news = [];
  }

  // Whether `element`'s `attribute` is one that moves. It keeps its old value until the motion begins; of one that is in the
  // middle of a movement, the next goes on from there.
  takes(element, attribute, now) {
    if (!Motion.SHAPES[element.tagName]?.includes(attribute) || !element.hasAttribute(attribute)) return false;
    this.moves.push({ element, attribute, now, at: -1 });
    return true;
  }

  // `element` is new in the drawing.
  add(element) {
    for (const shape of [element, ...element.querySelectorAll(Motion.SHAPE)]) {
      if (!shape.id || !shape.matches(Motion.SHAPE)) continue;
      this.news.push(shape);
      shape.style.opacity = "0";
    }
  }

  // Begins when the browser has drawn what else has changed with it: frames in between would hold all of that up.
  soon(begun, ended) {
    Object.assign(this, { begun, ended });
    const [ask, cancel] = window.requestIdleCallback ? [requestIdleCallback, cancelIdleCallback] : [setTimeout, clearTimeout];
    const asked = ask(() => this.begin(), ask === setTimeout ? 50 : { timeout: Motion.WAIT });
    this.cancel = () => cancel(asked);
  }

  begin() {
    this.cancel = undefined;
    this.moves = this.moves.filter((move) => Motion.read(move));
    const most = Math.max(...this.moves.map((move) => move.place), 1);
    for (const move of this.moves) move.place /= most;
    this.started = performance.now();
    this.step(this.started);
    this.begun();
  }

  // Takes a move's texts apart; one between shapes of another kind is made at once, and is none.
  static read(move) {
    const { element, attribute, now } = move;
    const [from, to] = [element.getAttribute(attribute), now].map(Motion.parts);
    if (from.signs.join() !== to.signs.join()) return element.setAttribute(attribute, now);
    // Where it stands in the block: ids end in its column, its reader or its layer, which is the larger number.
    const place = Math.max(0, ...((element.id || element.parentNode.id).match(/\d+/g) ?? []).map(Number));
    return Object.assign(move, { from: from.numbers, to: to.numbers, signs: to.signs, place });
  }

  // Numbers, and what stands before each of them and after the last.
  static parts(text) {
    const [numbers, signs] = [[], []];
    text.split(NUMBER).forEach((part, i) => (i % 2 ? numbers.push(Number(part)) : signs.push(part.replace(/[\s,]+/g, ""))));
    return { numbers, signs };
  }

  step = (time) => {
    const part = this.moves.length || this.news.length ? Math.min(1, Math.max(0, (time - this.started) / this.duration)) : 1;
    for (const move of this.moves) {
      const own = Math.min(1, Math.max(0, part * (1 + this.stagger) - this.stagger * move.place));
      if (own === move.at) continue;
      move.at = own;
      if (own > 0) move.element.setAttribute(move.attribute, own === 1 ? move.now : Motion.between(move, ease(own)));
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

  // A number stands behind its command, or behind a space: one that changes its sign must not run into the one before.
  static between({ from, to, signs }, part) {
    let text = signs[0];
    for (let i = 0; i < to.length; i++) {
      if (i) text += signs[i] || " ";
      text += Math.round(10 * (from[i] + (to[i] - from[i]) * part)) / 10;
    }
    return text + signs.at(-1);
  }

  // One that never began is made at once: under a slider that is drawn along, the drawing follows step by step.
  stop() {
    if (this.cancel) for (const { element, attribute, now } of this.moves) element.setAttribute(attribute, now);
    this.cancel?.();
    cancelAnimationFrame(this.frame);
    this.appear(1);
  }
}

const NUMBER = /(-?\d*\.?\d+)/;
const ease = (part) => (part < 0.5 ? 4 * part ** 3 : 1 - (2 - 2 * part) ** 3 / 2);
