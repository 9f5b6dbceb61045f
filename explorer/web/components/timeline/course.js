// A training step as numbers: bytes alive after every operator, by source layer and by purpose.

// As explorer.findings.PURPOSES; the names are the server's.
const GRADIENT = "gradient";

// Bytes alive after every step, with the middle of the drawing where backward begins.
class Curve {
  constructor({ totals, split }) {
    this.totals = totals;
    this.split = split;
    this.steps = totals.length;
    this.peak = totals.reduce((best, n, i) => (n > totals[best] ? i : best), 0);
  }

  // Where a step begins on a drawing whose forward pass ends in the middle.
  x(step, left, middle, right) {
    if (step <= this.split) return left + ((middle - left) * step) / this.split;
    return middle + ((right - middle) * (step - this.split)) / (this.steps - this.split);
  }

  stepAt(x, left, middle, right) {
    const back = this.steps - this.split;
    const step = x < middle ? ((x - left) / (middle - left)) * this.split : this.split + ((x - middle) / (right - middle)) * back;
    return Math.max(0, Math.min(this.steps - 1, Math.floor(step)));
  }

  // The steps to draw, each with where it begins: where many share a pixel, the highest of them.
  drawn(left, middle, right) {
    const columns = [];
    for (let step = 0; step < this.steps; step++) {
      const at = this.x(step, left, middle, right);
      const last = columns.at(-1);
      const sameHalf = last && step < this.split === last.step < this.split;
      if (sameHalf && at < last.at + 0.8) {
        if (this.totals[step] > this.totals[last.step]) last.step = step;
      } else columns.push({ at, step });
    }
    columns.forEach((column, i) => (column.to = columns[i + 1]?.at ?? right));
    return columns;
  }
}

class Course extends Curve {
  // `track`: {purposes, block: {c0, k, layers}, lives: [[channels, fixed, layer, purpose, born, gone, start], …], ops: places
  // in names, at: layers, split: the first step of backward, channel: its bytes, buffer: whether one is shared, middle: b·k}.
  constructor(track) {
    super({ totals: [], split: track.split });
    Object.assign(this, track);
    this.steps = this.ops.length + 1;
    this.lives = track.lives.map(([channels, fixed, layer, purpose, born, gone, start]) => ({
      bytes: channels * this.channel + fixed,
      channels,
      layer,
      purpose: this.purposes[purpose],
      born,
      gone,
      start,
    }));
    this.bySource = this.sum(this.block.layers + 3, (life) => this.shares(life));
    this.byPurpose = this.sum(this.purposes.length, (life) => [[this.purposes.indexOf(life.purpose), life.bytes]]);
    this.totals = Float64Array.from({ length: this.steps }, (_, i) => this.byPurpose.reduce((n, row) => n + row[i], 0));
    this.peak = this.totals.reduce((best, n, i) => (n > this.totals[best] ? i : best), 0);
  }

  // [[band, bytes], …]: bands are weights, x0, x1 … xL, gradients. A concatenation belongs to those whose channels it holds.
  shares({ bytes, channels, layer, purpose, start }) {
    const { c0, k, layers } = this.block;
    if (purpose === GRADIENT) return [[layers + 2, bytes]];
    if (purpose === "own" || purpose === "other") return [[0, bytes]];
    if (purpose === "input") return [[1, bytes]];
    if (purpose !== "copy" && purpose !== "normalised") return [[Math.min(layer, layers) + 1, bytes]];
    const found = [];
    for (let source = 0, from = 0; source <= layers; source++) {
      const to = from + (source ? k : c0);
      const within = Math.min(to, start + channels) - Math.max(from, start);
      if (within > 0) found.push([source + 1, within * this.channel]);
      from = to;
    }
    const rest = bytes - found.reduce((n, [, part]) => n + part, 0); // maps in a wider type than the block's
    if (rest && found.length) found.at(-1)[1] += rest;
    return found;
  }

  sum(count, sharing) {
    const rows = Array.from({ length: count }, () => new Float64Array(this.steps + 1));
    for (const life of this.lives)
      for (const [row, bytes] of sharing(life)) {
        rows[row][life.born] += bytes;
        rows[row][Math.min(life.gone, this.steps)] -= bytes;
      }
    for (const row of rows) for (let i = 1; i < this.steps; i++) row[i] += row[i - 1];
    return rows;
  }

  alive(step) {
    return this.lives.filter((life) => life.born <= step && step < life.gone);
  }

  // Of what is alive after `step`: what forward leaves for backward, without weights, statistics and the loss, its last.
  staying(step) {
    const within = this.lives.filter((life) => life.born <= step && step < life.gone && life.born < this.split - 1);
    return within.filter((l) => l.gone > this.split && l.purpose !== "own").reduce((n, life) => n + life.bytes, 0);
  }
}
