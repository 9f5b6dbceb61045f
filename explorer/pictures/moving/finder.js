// Finds a Bottleneck, a source or a module by what is typed: "4", "bottleneck 4", "x2", "conv1 3", "denseblock.3.conv1".
class Finder {
  static MOST = 8; // shown at once

  constructor(picture) {
    this.picture = picture;
    this.dialog = picture.root.querySelector("dialog.finder");
    this.input = this.dialog.querySelector("input");
    this.list = this.dialog.querySelector("[role=listbox]");
    this.none = this.dialog.querySelector(".none");
    this.input.addEventListener("input", () => this.search());
    this.input.addEventListener("keydown", (event) => this.press(event));
    this.list.addEventListener("click", ({ target }) => this.take(target.closest("[role=option]")));
  }

  open() {
    const { find } = this.picture.data;
    this.words = find;
    this.entries = Finder.entries(this.picture.data);
    this.dialog.setAttribute("aria-label", this.picture.words.find);
    this.input.setAttribute("aria-label", find.label);
    this.input.placeholder = find.label;
    this.input.value = "";
    this.search();
    this.dialog.showModal();
  }

  // All that has a name: what is shown, what it selects, and the words by which it is found.
  static entries({ find, film, sources }) {
    const layers = film.length - 1;
    const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
    const found = [];
    for (let number = 1; number <= layers; number++) {
      const values = { number, index: number - 1 };
      const text = filled(find.layer, values);
      found.push({ text, value: `layer-${number}`, rank: 0, words: [...Finder.split(text), "layer", "bottleneck", `b${number}`, `denseblock.${number - 1}`] });
      for (const [part, what] of find.parts) {
        const text = filled(find.part, { ...values, part, what });
        found.push({ text, value: `layer-${number}`, rank: 2, words: [...Finder.split(text), part, "layer", `${number}`, `b${number}`] });
      }
    }
    sources.forEach(({ title }, source) => {
      found.push({ text: title, value: `source-${source}`, rank: 1, words: [...Finder.split(title), `x${source}`, "source", `${source}`] });
    });
    return found;
  }

  static split(text) {
    return text.toLowerCase().replaceAll("×", "x").split(/[\s:,·→()]+/).filter(Boolean);
  }

  // Every word typed must begin a word of what is found; whole words come first.
  static score(words, asked) {
    let sum = 0;
    for (const word of asked) {
      if (words.includes(word)) continue;
      if (!words.some((own) => own.startsWith(word))) return undefined;
      sum += 1;
    }
    return sum;
  }

  search() {
    const asked = Finder.split(this.input.value);
    const found = this.entries
      .map((entry, place) => ({ ...entry, place, score: Finder.score(entry.words, asked) }))
      .filter((entry) => entry.score !== undefined)
      .sort((a, b) => a.score - b.score || a.rank - b.rank || a.place - b.place)
      .slice(0, Finder.MOST);
    const options = found.map(({ text, value }, i) => {
      const option = make("li", "", text);
      option.id = `found-${i}`;
      option.setAttribute("role", "option");
      option.dataset.value = value;
      return option;
    });
    this.list.replaceChildren(...options);
    this.none.textContent = options.length ? "" : this.words.none;
    this.input.setAttribute("aria-expanded", String(options.length > 0));
    this.mark(0);
  }

  mark(place) {
    const options = [...this.list.children];
    this.at = options.length ? (place + options.length) % options.length : 0;
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i === this.at)));
    const marked = options[this.at];
    if (marked) this.input.setAttribute("aria-activedescendant", marked.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  press(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined && event.key !== "Enter") return;
    event.preventDefault();
    if (step) this.mark(this.at + step);
    else this.take(this.list.children[this.at]);
  }

  take(option) {
    if (!option) return;
    this.dialog.close();
    this.picture.find(option.dataset.value);
  }
}
