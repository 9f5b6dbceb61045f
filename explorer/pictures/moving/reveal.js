// Shows a drawing as far as Bottleneck n: what belongs to later ones is hidden, what runs on to the end is cut off behind column n.
class Reveal {
  constructor(picture) {
    this.picture = picture;
    this.arriving = [];
  }

  get svg() {
    return this.picture.drawing.firstElementChild;
  }

  // Sorts the drawing's elements by the Bottleneck with which they appear.
  read() {
    const { svg } = this;
    const { drawing, pictures, film } = this.picture.data;
    this.last = film.length - 1;
    this.upright = svg.classList.contains("vertical");
    this.chain = svg.classList.contains("chain");
    // The first folded layer: with it comes what is written about the fold.
    this.fold = 1;
    while (this.fold <= this.last && this.picture.layers.has(this.fold)) this.fold++;
    if (this.fold > this.last) this.fold = 0;
    this.born = Array.from({ length: this.last + 1 }, () => []);
    for (const element of svg.querySelectorAll(":scope > g > [id]:not(.off)")) {
      const stage = this.stageOf(element.id);
      if (stage > 0) this.born[Math.min(stage, this.last)].push(element);
    }
    this.running = ["ribbons", "combs"].map((id) => svg.querySelector(`#concat-${id}`));
    this.labels = this.chain ? [...svg.querySelectorAll("#concat-texts > .source")] : [];
    this.at = undefined;
  }

  stageOf(id) {
    const [what, ...rest] = id.split("-");
    if (["slice", "flare", "layer", "output"].includes(what)) return Number(rest[0]);
    if (what === "lane") return Number(rest[1]);
    if (what === "hit") return Number(rest[1]);
    if (id === "bracket" || id === "text-fold" || id === "text-folded") return this.fold;
    if (id === "text-note-out" || id === "text-total-out") return this.last;
    if (what === "text" && (rest[0] === "total" || rest[0] === "source")) return Number(rest[1]);
    return 0;
  }

  // `time`: ms in which Bottleneck `stage` arrives; 0 for at once.
  to(stage, time = 0) {
    if (!this.born) this.read();
    for (const animation of this.arriving) animation.cancel();
    this.arriving = [];
    this.picture.root.style.setProperty("--arrival", `${Math.round(time * 0.35)}ms`);
    const before = this.at;
    this.born.forEach((elements, n) => {
      const [hidden, was] = [n > stage, before === undefined ? undefined : n > before];
      if (hidden !== was) for (const element of elements) element.classList.toggle("unborn", hidden);
    });
    this.at = stage;
    this.cut(stage);
    if (time && before === stage - 1) this.arrive(stage, time);
    this.follow(stage, time);
  }

  // Ribbons and folded copies end behind column n, and the names at the end move there.
  cut(stage) {
    const from = this.end(stage);
    for (const group of this.running) {
      if (!this.chain || stage === this.last || !group.firstElementChild) {
        group.style.clipPath = "";
        continue;
      }
      const { x, y, width, height } = group.getBBox();
      const [start, length] = this.upright ? [y, height] : [x, width];
      const rest = length ? Math.min(100, Math.max(0, 100 * (1 - (from - start) / length))) : 0;
      group.style.clipPath = this.upright ? `inset(0 -99px ${rest}% -99px) fill-box` : `inset(-99px ${rest}% -99px 0) fill-box`;
    }
    const by = stage === this.last ? 0 : from - this.end(this.last);
    const move = by ? (this.upright ? `translateY(${by}px)` : `translateX(${by}px)`) : "";
    for (const label of this.labels) label.style.transform = move;
  }

  // Where column n ends.
  end(n) {
    const slice = this.svg.querySelector(`#slice-${n}-${n}`);
    const [start, length] = this.upright ? ["y", "height"] : ["x", "width"];
    return Number(slice.getAttribute(start)) + Number(slice.getAttribute(length));
  }

  // First the lanes, then the Bottleneck, then its slice, and the copies beside it.
  arrive(stage, time) {
    const play = (element, frames, from, to) =>
      this.arriving.push(
        element.animate(frames, { delay: from * time, duration: (to - from) * time, fill: "backwards", easing: "ease-out" }),
      );
    const appear = [{ opacity: 0 }, {}];
    const grow = [{ transform: this.upright ? "scaleY(0)" : "scaleX(0)" }, { transform: "none" }];
    for (const element of this.born[stage]) {
      if (element.matches(".lane")) {
        const length = element.getTotalLength();
        play(element, [{ strokeDasharray: `0 ${length}` }, { strokeDasharray: `${length} 0` }], 0.1, 0.5);
      } else if (element.matches(".bottleneck")) play(element, appear, 0.4, 0.65);
      else if (element.matches(`.flare, #slice-${stage}-${stage}`)) play(element, grow, element.matches(".flare") ? 0.6 : 0.75, 1);
      else play(element, appear, 0.6, 0.9);
    }
  }

  // Where the page or the frame has to be scrolled to see the newest, it is.
  follow(stage, time) {
    const element = this.picture.layers.get(stage) ?? this.svg.querySelector(`#slice-${stage}-${stage}`);
    const frame = this.picture.drawing;
    const box = element.getBoundingClientRect();
    const behavior = time ? "smooth" : "auto";
    if (this.upright) {
      const hidden = box.top < 0.3 * innerHeight || box.bottom > 0.8 * innerHeight;
      if (hidden) element.scrollIntoView({ block: "center", behavior });
    } else if (frame.scrollWidth > frame.clientWidth + 1) {
      const its = frame.getBoundingClientRect();
      const hidden = box.left < its.left || box.right > its.left + 0.8 * its.width;
      if (hidden) frame.scrollTo({ left: frame.scrollLeft + box.left - its.left - 0.4 * its.width, behavior });
    }
  }

  all() {
    for (const animation of this.arriving) animation.cancel();
    if (!this.born || !this.svg) return;
    for (const element of this.svg.querySelectorAll(".unborn")) element.classList.remove("unborn");
    this.cut(this.last);
    this.born = undefined;
  }
}
