// The keys of the page, the dialog that lists them, and the presenter view's hint.
class Keys {
  static HINT = 7000; // ms

  constructor(picture) {
    this.picture = picture;
    const { root } = picture;
    this.dialog = root.querySelector("dialog.keys");
    this.hint = root.querySelector(".hint");
    this.tools = root.querySelector(".tools");
    this.tools.addEventListener("click", ({ target }) => this.tool(target.closest("button")?.dataset.tool));
    for (const dialog of root.querySelectorAll("dialog")) {
      dialog.querySelector("[data-close]")?.addEventListener("click", () => dialog.close());
      dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close()); // beside it
    }
    this.pressed = (event) => this.press(event);
    document.addEventListener("keydown", this.pressed);
  }

  show({ words, present }) {
    this.presenting = Boolean(present);
    this.picture.root.classList.toggle("presenting", this.presenting);
    if (this.presenting && !this.hinted) {
      this.hinted = setTimeout(() => this.hush(), Keys.HINT);
      this.hint.classList.add("seen");
    }
    if (!this.presenting) this.hush();
    if (JSON.stringify(words.rows) === this.rows) return;
    this.rows = JSON.stringify(words.rows);
    const rows = words.rows.map(([keys, what]) => {
      const row = make("tr", "", "");
      const head = make("th", "", "");
      head.scope = "row";
      head.append(...keys.split(/ +/).map((key) => make("kbd", "", key)));
      row.append(head, make("td", "", what));
      return row;
    });
    this.dialog.querySelector("tbody").replaceChildren(...rows);
  }

  hush() {
    clearTimeout(this.hinted);
    this.hint.classList.remove("seen");
    if (!this.presenting) this.hinted = undefined;
  }

  tool(what) {
    if (what === "keys") this.dialog.showModal();
    else if (what === "find") this.picture.finder.open();
    else if (what) this.picture.view("present");
  }

  press(event) {
    if (!this.picture.data || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open], [aria-modal=true]")) return;
    const from = event.composedPath()[0];
    if (event.key !== "Escape" && Keys.typing(from)) return;
    const does = this.meaning(event.key, from);
    if (!does) return;
    if (event.key !== "Escape") event.preventDefault();
    this.hush();
    does();
  }

  // Where letters are written, they are no keys.
  static typing(element) {
    if (element.isContentEditable) return true;
    if (element.tagName === "INPUT") return !["range", "button", "checkbox", "radio", "submit"].includes(element.type);
    return ["TEXTAREA", "SELECT"].includes(element.tagName);
  }

  meaning(key, from) {
    const { picture, presenting } = this;
    const { film, camera } = picture;
    const more = presenting ? () => picture.view("more") : () => camera.by(1.5);
    const fewer = presenting ? () => picture.view("fewer") : () => camera.by(1 / 1.5);
    const always = {
      "?": () => this.tool("keys"),
      "/": () => this.tool("find"),
      m: () => picture.view("drawing"),
      p: () => picture.view("present"),
      f: () => camera.fit(),
      "+": more,
      "=": more,
      "-": fewer,
      "−": fewer,
      Escape: this.escape(),
    };
    if (key in always) return always[key];
    const button = from.closest?.("button, a, summary, [role=button]");
    if (key === " " && !button && (presenting || film.told)) return () => film.toggle();
    if (!presenting || from.type === "range") return undefined;
    const steps = { ArrowRight: () => film.step(1), ArrowLeft: () => film.step(-1), Home: () => film.go(0), End: () => film.go(film.layers) };
    return steps[key];
  }

  // The film ends, then the selection is let go, then a lecturer leaves the presenter view.
  escape() {
    const { picture, presenting } = this;
    if (picture.film.told) return () => picture.film.end();
    if (picture.selected) return () => picture.choose(null);
    return presenting ? () => picture.view("present") : undefined;
  }

  end() {
    document.removeEventListener("keydown", this.pressed);
    clearTimeout(this.hinted);
  }
}
