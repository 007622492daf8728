// One plot: axes, layers of every series, what is under the pointer.

const REACH = 36; // pixels within which a point is meant

class Plot {
  // spec: id, title, x and y ({label, unit, log, style}), equal, kinds ([[kind, label]...]), link
  constructor(parent, spec) {
    this.spec = spec;
    this.view = new View(Boolean(spec.equal));
    this.series = [];
    this.hiddenKinds = new Set(spec.hidden || []);
    this.focus = null;
    this.cursor = null;
    this.listeners = { view: () => {}, cursor: () => {} };
    this.build(parent);
    attachGestures(this);
    new ResizeObserver(() => this.fit()).observe(this.area);
  }

  build(parent) {
    const { id, title, kinds } = this.spec;
    this.canvas = svg("svg", { class: "canvas", role: "group", tabindex: "0", "aria-roledescription": "plot" });
    this.tip = html("div", { class: "tip", hidden: "", "aria-hidden": "true" });
    this.area = html("div", { class: "area" }, this.canvas, this.tip);
    const button = (label, name, act) => {
      const made = html("button", { type: "button", title: name, "aria-label": `${name}: ${title}` }, label);
      made.addEventListener("click", act);
      return made;
    };
    this.resetButton = button("↺", "Show all", () => this.reset());
    const tools = html("div", { class: "tools" },
      button("+", "Zoom in", () => this.zoomBy(0.7)), button("−", "Zoom out", () => this.zoomBy(1 / 0.7)), this.resetButton);
    this.keys = html("div", { class: "kinds" }, ...kinds.map(([kind, label]) => this.kindButton(kind, label)));
    this.figure = html("figure", { class: `plot ${id}`, id: `plot-${id}` },
      html("figcaption", {}, html("h3", {}, title), tools), this.keys, this.area);
    parent.append(this.figure);
  }

  kindButton(kind, label) {
    const on = !this.hiddenKinds.has(kind);
    const made = html("button", { type: "button", class: `kind key-${kind}`, "aria-pressed": String(on) }, label);
    made.addEventListener("click", () => {
      if (!this.hiddenKinds.delete(kind)) this.hiddenKinds.add(kind);
      made.setAttribute("aria-pressed", String(!this.hiddenKinds.has(kind)));
      this.draw();
    });
    return made;
  }

  // keep: whether the part of the plane that is shown stays
  show(series, { x, y, unit, keep }) {
    this.series = series;
    this.unit = unit;
    if (!keep) this.view.moved = false;
    this.view.setHome(x, y);
    this.cursor = null;
    const text = series.length ? `${series.length} shown: ${series.map((one) => one.name).slice(0, 8).join("; ")}` : "nothing shown";
    this.canvas.setAttribute("aria-label", `${this.spec.title}, ${text}. All numbers are in the tables.`);
    this.draw();
  }

  fit() {
    const width = this.area.clientWidth;
    if (!width) return;
    const height = Math.round(Math.max(240, Math.min(this.spec.tall || 360, width * (this.spec.aspect || 0.72))));
    this.margin = { left: 58, right: 14, top: this.spec.upper ? 30 : 10, bottom: 42 };
    this.canvas.setAttribute("width", width);
    this.canvas.setAttribute("height", height);
    this.canvas.setAttribute("viewBox", `0 0 ${width} ${height}`); // paper has another width
    this.view.resize(width - this.margin.left - this.margin.right, height - this.margin.top - this.margin.bottom);
    this.draw();
  }

  reset() {
    this.view.reset();
    this.changed();
  }

  zoomBy(factor) {
    if (this.view.zoom(this.view.width / 2, this.view.height / 2, factor)) this.changed();
  }

  changed() {
    this.listeners.view(this);
    this.draw();
  }

  draw() {
    if (this.waiting || !this.margin) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.paint();
    });
  }

  paint() {
    this.canvas.replaceChildren();
    const root = svg("g", { transform: `translate(${this.margin.left} ${this.margin.top})` }, this.canvas);
    const { width, height } = this.view;
    svg("rect", { width, height, class: "ground" }, root);
    drawAxes(this, root);
    // A drawing within the drawing cuts off what lies outside
    const inner = svg("svg", { width, height, class: "inner" }, root);
    if (this.spec.behind) this.spec.behind(this, inner);
    const names = [];
    for (const one of this.series) {
      const group = svg("g", {}, inner);
      group.style.color = one.colour;
      for (const layer of one.layers) {
        if (this.hiddenKinds.has(layer.key || layer.kind)) continue;
        drawLayer(layer, one, this.view, group);
        (layer.names || []).forEach((label, i) => {
          if (label) names.push({ label, left: this.view.left(layer.x[i]), top: this.view.top(layer.y[i]), colour: one.colour });
        });
      }
    }
    drawNames(names, this.view, inner);
    svg("rect", { width, height, class: "edge" }, root);
    if (!this.series.length) {
      svg("text", { x: width / 2, y: height / 2, class: "empty", "text-anchor": "middle" }, root).textContent = "Nothing is shown";
    }
    this.over = svg("g", {}, inner);
    this.selection = svg("rect", { class: "selection", visibility: "hidden" }, inner);
    this.resetButton.disabled = !this.view.moved;
    this.paintCursor();
  }

  // The point nearest to a place of the plot, of all layers that can be asked
  nearest(left, top) {
    let best = null;
    let least = REACH * REACH;
    for (const one of this.series) {
      for (const layer of one.layers) {
        if (!layer.tell || this.hiddenKinds.has(layer.key || layer.kind)) continue;
        const reach = layer.kind === "line" ? 3 : 1; // points come before lines
        for (let i = 0; i < layer.x.length; i++) {
          if (!usable(layer, i)) continue;
          const [x, y] = [this.view.left(layer.x[i]), this.view.top(layer.y[i])];
          if (x < -1 || y < -1 || x > this.view.width + 1 || y > this.view.height + 1) continue;
          const far = ((x - left) ** 2 + (y - top) ** 2) * reach;
          if (far < least) [least, best] = [far, { series: one, layer, index: i }];
        }
      }
    }
    return best;
  }

  point(found) {
    this.cursor = found;
    this.paintCursor();
    this.listeners.cursor(this, found);
  }

  // guide: {series, index, x}: where another plot's point is here
  follow(guide) {
    this.guide = guide;
    if (this.over) this.paintCursor();
  }

  paintCursor() {
    this.over.replaceChildren();
    const found = this.cursor;
    this.tip.hidden = !found;
    if (found) {
      const [x, y] = [this.view.left(found.layer.x[found.index]), this.view.top(found.layer.y[found.index])];
      this.ring(x, y, found.series.colour);
      this.placeTip(found, x, y);
    } else if (this.guide && this.spec.guide) {
      this.spec.guide(this, this.guide);
    }
  }

  ring(x, y, colour) {
    const ring = svg("circle", { cx: pixel(x), cy: pixel(y), r: 6, class: "ring" }, this.over);
    ring.style.color = colour;
  }

  upright(x) {
    const left = pixel(this.view.left(x));
    svg("path", { d: `M${left} 0V${this.view.height}`, class: "guide" }, this.over);
  }

  placeTip({ series, layer, index }, x, y) {
    const rows = layer.tell(index);
    const name = html("strong", {}, series.name);
    this.tip.replaceChildren(name, html("dl", {}, ...rows.flatMap(([key, value]) => [html("dt", {}, key), html("dd", {}, value)])));
    this.tip.style.borderColor = series.colour;
    const box = this.tip.getBoundingClientRect();
    const right = this.area.clientWidth - box.width - 4;
    let left = x + this.margin.left + 16;
    if (left > right) left = x + this.margin.left - box.width - 16;
    const top = y + this.margin.top - box.height / 2;
    this.tip.style.left = `${Math.max(4, Math.min(right, left))}px`;
    this.tip.style.top = `${Math.max(0, Math.min(this.area.clientHeight - box.height, top))}px`;
    return rows;
  }
}

function drawAxes(plot, root) {
  const { view, spec } = plot;
  const scaleOf = (axis, range) => (axis.log || !axis.prefix ? [1, ""] : prefixed(Math.max(Math.abs(range[0]), Math.abs(range[1]))));
  const ticksOf = (axis, range, most, scale) => {
    if (axis.names) return axis.names.map((label, at) => ({ at, label })).filter(({ at }) => at >= range[0] && at <= range[1]);
    return axis.log ? logTicks(range[0], range[1], most, axis.style) : linearTicks(range[0], range[1], most, scale);
  };
  const title = (axis, prefix) => {
    const unit = axis.unit === undefined ? plot.unit : axis.unit;
    return unit || prefix ? `${axis.label} / ${prefix}${unit}` : axis.label;
  };
  const [xs, xPrefix] = scaleOf(spec.x, view.x);
  for (const tick of ticksOf(spec.x, view.x, view.width / 75, xs)) {
    const x = pixel(view.left(tick.at));
    svg("path", { d: `M${x} ${view.height}v${tick.minor ? -3 : -6}`, class: "tick" }, root);
    if (!tick.minor) svg("path", { d: `M${x} 0V${view.height}`, class: "grid" }, root);
    if (tick.label) svg("text", { x, y: view.height + 16, "text-anchor": "middle" }, root).textContent = tick.label;
  }
  const [ys, yPrefix] = scaleOf(spec.y, view.y);
  for (const tick of ticksOf(spec.y, view.y, view.height / 36, ys)) {
    const y = pixel(view.top(tick.at));
    svg("path", { d: `M0 ${y}h${tick.minor ? 3 : 6}`, class: "tick" }, root);
    if (!tick.minor) svg("path", { d: `M0 ${y}H${view.width}`, class: "grid" }, root);
    if (tick.label) svg("text", { x: -7, y: y + 4, "text-anchor": "end" }, root).textContent = tick.label;
  }
  svg("text", { x: view.width / 2, y: view.height + 35, class: "axis", "text-anchor": "middle" }, root).textContent = title(spec.x, xPrefix);
  svg("text", { transform: `translate(-44 ${view.height / 2}) rotate(-90)`, class: "axis", "text-anchor": "middle" }, root).textContent = title(spec.y, yPrefix);
  if (spec.upper) drawUpper(plot, root);
}

// A second axis on top, a mirror of the first: frequency over relaxation time
function drawUpper(plot, root) {
  const { view, spec } = plot;
  const [low, high] = view.x.map(spec.upper.of);
  for (const tick of logTicks(Math.min(low, high), Math.max(low, high), view.width / 75, "prefix")) {
    const x = pixel(view.left(spec.upper.back(tick.at)));
    svg("path", { d: `M${x} 0v${tick.minor ? 3 : 6}`, class: "tick" }, root);
    if (tick.label) svg("text", { x, y: -6, "text-anchor": "middle" }, root).textContent = tick.label;
  }
  svg("text", { x: view.width, y: -19, class: "axis", "text-anchor": "end" }, root).textContent = spec.upper.label;
}
