// Zoom and pan: which part of the drawing is in sight. Ctrl and wheel, a pinch, or the buttons zoom; dragging pans what is zoomed.
class Camera {
  static MOST = 8;

  constructor(frame, buttons) {
    this.frame = frame;
    this.buttons = buttons;
    this.whole = [0, 0, 1, 1]; // the drawing's own view box
    this.zoom = 1;
    this.at = [0, 0]; // the corner that is in sight
    this.fingers = new Map();
    frame.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    frame.addEventListener("pointerdown", (event) => this.down(event));
    frame.addEventListener("pointermove", (event) => this.move(event));
    for (const kind of ["pointerup", "pointercancel"]) frame.addEventListener(kind, (event) => this.up(event));
    // Two fingers are ours from the first, else the browser takes them for scrolling.
    for (const kind of ["touchstart", "touchmove"])
      frame.addEventListener(kind, (event) => event.touches.length > 1 && event.preventDefault(), { passive: false });
    // A drag ends over some slice or other, which was not meant.
    frame.addEventListener("click", (event) => this.dragged && (event.stopPropagation(), (this.dragged = false)), true);
    buttons.addEventListener("click", ({ target }) => {
      const action = target.closest("button")?.dataset.zoom;
      if (action === "fit") this.fit();
      else if (action) this.by(action === "in" ? 1.5 : 1 / 1.5);
    });
  }

  get svg() {
    return this.frame.firstElementChild;
  }

  // The drawing has been painted anew: the same part stays in sight.
  keep() {
    this.whole = this.svg.getAttribute("viewBox").split(" ").map(Number);
    this.show();
  }

  fit() {
    this.zoom = 1;
    this.at = [0, 0];
    this.show();
  }

  // Zooms by a factor about a point on the screen, by default the middle.
  by(factor, point) {
    const { left, top, width, height } = this.svg.getBoundingClientRect();
    const [x, y] = point ?? [left + width / 2, top + height / 2];
    const share = [(x - left) / width, (y - top) / height];
    const before = this.zoom;
    this.zoom = Math.min(Camera.MOST, Math.max(1, this.zoom * factor));
    this.at = this.at.map((at, axis) => at + share[axis] * this.whole[2 + axis] * (1 / before - 1 / this.zoom));
    this.show();
  }

  pan(dx, dy) {
    const { width, height } = this.svg.getBoundingClientRect();
    this.at[0] -= (dx / width) * (this.whole[2] / this.zoom);
    this.at[1] -= (dy / height) * (this.whole[3] / this.zoom);
    this.show();
  }

  show() {
    const [x, y, width, height] = this.whole;
    const [across, down] = [width / this.zoom, height / this.zoom];
    this.at = [Math.min(width - across, Math.max(0, this.at[0])), Math.min(height - down, Math.max(0, this.at[1]))];
    this.svg.setAttribute("viewBox", [x + this.at[0], y + this.at[1], across, down].map((v) => Math.round(100 * v) / 100).join(" "));
    const zoomed = this.zoom > 1;
    this.frame.classList.toggle("zoomed", zoomed);
    this.buttons.querySelector("[data-zoom=out]").disabled = this.buttons.querySelector("[data-zoom=fit]").disabled = !zoomed;
    this.buttons.querySelector("[data-zoom=in]").disabled = this.zoom >= Camera.MOST;
  }

  // A plain wheel scrolls the page, unless somebody has zoomed in and is looking around.
  wheel(event) {
    if (!event.ctrlKey && !event.metaKey && this.zoom === 1) return;
    event.preventDefault();
    this.by(Math.exp(-event.deltaY * (event.ctrlKey && Math.abs(event.deltaY) < 50 ? 0.01 : 0.002)), [event.clientX, event.clientY]);
  }

  down(event) {
    this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
    this.dragged = false;
  }

  move(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    const [dx, dy] = now.map((v, axis) => v - before[axis]);
    if (this.fingers.size === 2) {
      const other = [...this.fingers.entries()].find(([id]) => id !== event.pointerId)[1];
      const apart = (a) => Math.hypot(a[0] - other[0], a[1] - other[1]) || 1;
      this.by(apart(now) / apart(before), [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
    } else if (this.zoom === 1 || (!this.dragged && Math.hypot(dx, dy) < 4)) return;
    else this.pan(dx, dy);
    if (!this.dragged) this.frame.setPointerCapture?.(event.pointerId);
    this.dragged = true;
    this.fingers.set(event.pointerId, now);
  }

  up(event) {
    this.fingers.delete(event.pointerId);
  }
}
