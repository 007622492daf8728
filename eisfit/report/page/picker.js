// Which spectra are shown, and in which colours.

const SLOTS = 8; // colours that can be told apart

class Picker {
  // first: those that are shown at the beginning
  constructor(spectra, first, onChange) {
    this.spectra = spectra;
    this.onChange = onChange;
    this.chosen = new Set(first);
    this.hidden = new Set();
    this.slots = new Map();
    this.list = document.getElementById("pick-list");
    this.boxes = spectra.map((one) => this.item(one));
    const search = document.getElementById("search");
    search.addEventListener("input", () => this.filter(search.value));
    document.getElementById("pick-all").addEventListener("click", () => this.pick(true));
    document.getElementById("pick-none").addEventListener("click", () => this.pick(false));
    // Where the list would push the plots off the screen it begins closed
    if (window.matchMedia("(max-width: 60rem)").matches) document.getElementById("picker").open = false;
  }

  item(one) {
    const box = html("input", { type: "checkbox" });
    box.checked = this.chosen.has(one);
    box.addEventListener("change", () => {
      if (box.checked) this.chosen.add(one);
      else this.chosen.delete(one);
      this.hidden.delete(one);
      this.onChange(false);
    });
    const sign = html("span", { class: "sign" });
    const name = html("bdi", { title: one.name }, one.name);
    const verdict = one.verdict === "valid" ? [] : [html("span", { class: `badge ${one.verdict}`, title: `Kramers-Kronig: ${one.verdict}` }, html("span", { class: "visually-hidden" }, one.verdict))];
    const row = html("li", {}, html("label", {}, box, sign, name, ...verdict));
    this.list.append(row);
    return { one, box, row, sign };
  }

  filter(words) {
    for (const { one, row } of this.boxes) row.hidden = !holds(`${one.name} ${one.verdict}`, words);
  }

  // All or none of those that the search leaves
  pick(on) {
    for (const { one, box, row } of this.boxes) {
      if (row.hidden) continue;
      box.checked = on;
      if (on) this.chosen.add(one);
      else this.chosen.delete(one);
    }
    this.hidden.clear();
    this.onChange(false);
  }

  set(wanted) {
    this.chosen = new Set(wanted);
    this.hidden.clear();
    for (const { one, box } of this.boxes) box.checked = this.chosen.has(one);
    this.setting = true;
    this.onChange(false);
    this.setting = false;
  }

  get shown() {
    return this.spectra.filter((one) => this.chosen.has(one));
  }

  // A spectrum keeps its colour while others come and go
  colour(by) {
    const shown = this.shown;
    for (const one of [...this.slots.keys()]) if (!this.chosen.has(one)) this.slots.delete(one);
    // By rank: times that double from one spectrum to the next would else all be of one colour
    const values = by ? [...new Set(shown.map((one) => one.conditions[by]).filter(Number.isFinite))].sort((a, b) => a - b) : [];
    const samples = [...new Set(this.spectra.map((one) => one.sample))];
    shown.forEach((one, i) => {
      one.marker = 0;
      if (by) {
        const at = one.conditions[by];
        one.colour = Number.isFinite(at) ? shade(values.indexOf(at) / Math.max(values.length - 1, 1)) : "var(--quiet)";
        one.marker = samples.indexOf(one.sample);
      } else if (shown.length <= SLOTS) {
        if (!this.slots.has(one)) {
          const taken = new Set(this.slots.values());
          this.slots.set(one, [...Array(SLOTS).keys()].find((slot) => !taken.has(slot)));
        }
        one.colour = `var(--c${this.slots.get(one)})`;
        one.marker = this.slots.get(one) % 4;
      } else {
        one.colour = shade(i / (shown.length - 1));
      }
    });
    for (const { one, sign } of this.boxes) sign.replaceChildren(...(this.chosen.has(one) ? [swatch(one.colour, one.marker)] : []));
    document.getElementById("picked").textContent = `${shown.length} of ${this.spectra.length} shown`;
  }

  legend(parent) {
    parent.replaceChildren(...this.shown.map((one) => {
      const chip = html("button", { type: "button", class: "chip", "aria-pressed": String(!this.hidden.has(one)), title: one.name }, swatch(one.colour, one.marker), html("bdi", {}, one.name));
      chip.addEventListener("click", () => {
        if (!this.hidden.delete(one)) this.hidden.add(one);
        chip.setAttribute("aria-pressed", String(!this.hidden.has(one)));
        this.onChange(true);
      });
      return chip;
    }));
  }
}

// A colour of the scale for a share from 0 to 1; the style sheet holds its steps for either theme
function shade(share) {
  const steps = 6;
  const at = Math.max(0, Math.min(1, share)) * steps;
  const low = Math.min(Math.floor(at), steps - 1);
  return `color-mix(in oklab, var(--s${low + 1}) ${Math.round((at - low) * 100)}%, var(--s${low}))`;
}
