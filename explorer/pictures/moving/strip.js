// Code, equation, what is said of a source, or a Bottleneck's inspector.
class Strip {
  constructor(element) {
    this.element = element;
    for (const part of ["code", "equation", "about", "inspector", "film"]) this[part] = element.querySelector(`.${part}`);
  }

  // `told`: what the film says, where nothing is pointed at.
  show(data, what, selected, told) {
    const inspected = what?.layer !== undefined && what.source === undefined ? data.bottlenecks[what.layer] : undefined;
    const about = inspected ? undefined : this.wordsFor(data, what);
    const part = inspected ? "inspector" : told && !about ? "film" : about ? "about" : data.drawing === "paper" ? "equation" : "code";
    if (inspected) this.inspect(inspected);
    else if (about) this.tell(about);
    else if (part === "film") this.narrate(told);
    else if (part === "code") this.list(data.chain);
    else this.equation.querySelector("p").textContent = data.paper.line;
    for (const name of ["code", "equation", "about", "inspector", "film"]) this[name].hidden = name !== part;
    this.element.classList.toggle("pinned", Boolean(selected || told));
  }

  narrate({ source, line }) {
    this.film.querySelector(".chip").style.background = `var(--source-${source})`;
    const words = this.film.querySelector(".line");
    if (words.textContent !== line) words.textContent = line; // said once to whoever listens
  }

  wordsFor(data, what) {
    if (!what) return undefined;
    if (what.layer !== undefined && name(what) === data.select && data.slice) return data.slice;
    return data.sources[what.source ?? what.layer];
  }

  list({ code, remarks, line }) {
    const widest = Math.max(...code.map((text) => text.length)) + 3;
    const lines = code.flatMap((text, i) => [
      i ? "\n" : "",
      text,
      make("span", "remark", `${" ".repeat(widest - text.length)}${remarks[i]}`),
    ]);
    this.code.querySelector("pre").replaceChildren(...lines);
    this.code.querySelector("p").textContent = line;
  }

  tell({ title, source, line }) {
    this.about.querySelector(".chip").style.background = `var(--source-${source})`;
    this.about.querySelector(".what").textContent = title;
    this.about.querySelector("p").textContent = line;
  }

  inspect({ title, facts, source, steps }) {
    this.inspector.querySelector(".facts b").textContent = title;
    this.inspector.querySelector(".facts span").textContent = facts;
    this.inspector.querySelector(".facts").title = `${title} ${facts}`;
    const row = this.inspector.querySelector(".steps");
    row.style.setProperty("--of", `var(--source-${source})`);
    row.replaceChildren(
      ...steps.map((step) => {
        const box = make("div", step.kind, "");
        box.title = step.module;
        box.append(make("b", "", step.name), ...step.lines.map((text) => make("span", "", text)));
        return box;
      }),
    );
  }
}
