// Growth as a film: the block as it is after n Bottlenecks, for n from 0 to L. Everything stands where it does in the end;
// what is yet to come is out of sight. The charts hear of it by the event `dbe-film` ({layer: n}, or null at the end).

const FILM = "dbe-film";
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

class Film {
  static STAGE = 1600; // ms at speed 1
  static WHOLE = 19000; // ms at most for a long block

  constructor(picture) {
    this.picture = picture;
    this.bar = picture.root.querySelector(".reel");
    this.player = this.bar.querySelector(".player");
    this.scrubber = this.bar.querySelector("input");
    this.reveal = new Reveal(picture);
    this.stage = null; // Bottlenecks shown; null while there is no film
    this.lines = [];
    this.bar.addEventListener("click", ({ target }) => this.act(target.closest("button")?.dataset.film));
    this.scrubber.addEventListener("input", () => this.go(Number(this.scrubber.value)));
  }

  get layers() {
    return this.lines.length - 1;
  }

  get hides() {
    return this.stage !== null && this.stage < this.layers;
  }

  get told() {
    return this.stage === null ? undefined : { source: this.stage, line: this.lines[this.stage] };
  }

  // The sentences of the block; with those of another block the film is over.
  cast(lines) {
    if (lines.length === this.lines.length && lines.every((line, i) => line === this.lines[i])) return;
    this.end();
    this.lines = lines;
    this.scrubber.max = this.layers;
  }

  act(what) {
    if (what === "open") {
      this.go(0);
      if (!STILL.matches) this.play();
      this.bar.querySelector("[data-film=play]").focus();
    } else if (what === "play") this.toggle();
    else if (what === "back") this.step(-1);
    else if (what === "on") this.step(1);
    else if (what === "end") {
      this.end();
      this.bar.querySelector("[data-film=open]").focus();
    }
  }

  toggle() {
    if (this.timer) return this.pause();
    if (!this.hides) this.show(0);
    this.play();
  }

  play() {
    this.timer = setTimeout(() => {
      this.show(this.stage + 1, this.pace);
      if (this.hides) this.play();
      else this.pause();
    }, this.stage === 0 ? Math.min(this.pace, 900) : this.pace);
    this.controls();
  }

  // How long a stage takes, in ms.
  get pace() {
    return Math.min(Film.STAGE, Film.WHOLE / this.layers) / Number(this.bar.querySelector("select").value);
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.stage !== null) this.controls();
  }

  // From the whole block, a step back takes away its last Bottleneck; a step on begins.
  step(by) {
    const from = this.stage ?? (by > 0 ? -1 : this.layers);
    this.go(from + by, by > 0 && from >= 0 ? Film.STAGE : 0);
  }

  go(stage, time = 0) {
    this.pause();
    this.show(Math.min(this.layers, Math.max(0, stage)), time);
  }

  // `time`: how long the new Bottleneck may take to arrive.
  show(stage, time = 0) {
    const { picture } = this;
    this.stage = stage;
    picture.root.classList.add("filming");
    this.reveal.to(stage, STILL.matches ? 0 : 0.75 * time);
    this.controls();
    picture.light();
    this.tell();
  }

  tell() {
    document.dispatchEvent(new CustomEvent(FILM, { detail: { layer: this.hides ? this.stage : null } }));
  }

  // The drawing has been painted anew: it is hidden as it was.
  painted() {
    if (this.stage === null) return;
    this.reveal.read();
    this.reveal.to(this.stage);
  }

  controls() {
    const { words } = this.picture;
    const play = this.bar.querySelector("[data-film=play]");
    const [open, playing] = [this.stage !== null, this.timer !== undefined];
    this.bar.querySelector("[data-film=open]").hidden = open;
    this.player.hidden = !open;
    play.classList.toggle("playing", playing);
    play.title = playing ? words.pause : words.play;
    play.setAttribute("aria-label", play.title);
    this.bar.querySelector("[data-film=back]").disabled = this.stage === 0;
    this.bar.querySelector("[data-film=on]").disabled = this.stage === this.layers;
    this.scrubber.value = this.stage ?? 0;
    this.bar.querySelector("output").textContent = `${this.stage ?? 0} / ${this.layers}`;
    // Read out step by step, but not while it runs.
    this.picture.strip.element.setAttribute("aria-live", playing ? "off" : "polite");
  }

  // Everything as before.
  end() {
    if (this.stage === null) return;
    this.pause();
    this.stage = null;
    this.reveal.all();
    this.picture.root.classList.remove("filming");
    this.controls();
    this.tell();
    this.picture.light();
  }
}
