// SVG by hand: one path a layer, however many points it has.

const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes = {}, parent = null) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (parent) parent.append(made);
  return made;
}

function html(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// Far outside, browsers lose precision
function pixel(value) {
  return Math.round(Math.max(-2e4, Math.min(2e4, value)) * 10) / 10;
}

const MARKERS = [
  (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
  (x, y, r) => `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
  (x, y, r) => `M${x} ${y - 1.3 * r}l${1.2 * r} ${2.1 * r}h${-2.4 * r}z`,
  (x, y, r) => `M${x} ${y - 1.4 * r}l${1.4 * r} ${1.4 * r}l${-1.4 * r} ${1.4 * r}l${-1.4 * r} ${-1.4 * r}z`,
];
const CROSS = (x, y, r) => `M${x - r} ${y - r}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`;
const TIP = (x, y, r) => `M${x} ${y - 3}l${r} ${-1.6 * r}h${-2 * r}z`;

// The sign of a series, as in the plots
function swatch(colour, marker) {
  const made = svg("svg", { class: "swatch", viewBox: "0 0 14 14", "aria-hidden": "true" });
  svg("path", { d: MARKERS[marker % MARKERS.length](7, 7, 4.2) }, made);
  made.style.color = colour;
  return made;
}

function usable(layer, i) {
  return Number.isFinite(layer.x[i]) && Number.isFinite(layer.y[i]);
}

function markerPath(layer, view, marker, radius) {
  let d = "";
  for (let i = 0; i < layer.x.length; i++) {
    if (!usable(layer, i)) continue;
    const [x, y] = [view.left(layer.x[i]), view.top(layer.y[i])];
    const seen = x > -20 && y > -20 && x < view.width + 20 && y < view.height + 20;
    if (seen) d += marker(pixel(x), pixel(y), radius);
  }
  return d;
}

function linePath(xs, ys, view) {
  let d = "";
  let pen = "M";
  for (let i = 0; i < xs.length; i++) {
    if (!Number.isFinite(xs[i]) || !Number.isFinite(ys[i])) {
      pen = "M";
      continue;
    }
    d += `${pen}${pixel(view.left(xs[i]))} ${pixel(view.top(ys[i]))}`;
    pen = "L";
  }
  return d;
}

function bandPath(layer, view) {
  const forth = linePath(layer.x, layer.high, view);
  const back = linePath([...layer.x].reverse(), [...layer.low].reverse(), view);
  return forth && back ? `${forth}${back.replace("M", "L")}z` : "";
}

function errorPath(layer, view) {
  let d = "";
  for (let i = 0; i < layer.x.length; i++) {
    const ends = [layer.low[i], layer.high[i]];
    if (!usable(layer, i) || !ends.every((end) => Number.isFinite(end))) continue;
    const [x, low, high] = [view.left(layer.x[i]), view.top(ends[0]), view.top(ends[1])].map(pixel);
    d += `M${x} ${low}V${high}M${x - 3} ${low}h6M${x - 3} ${high}h6`;
  }
  return d;
}

function drawLayer(layer, series, view, parent) {
  if (layer.kind === "line") {
    svg("path", { d: linePath(layer.x, layer.y, view), class: `line ${layer.look || ""}` }, parent);
  } else if (layer.kind === "band") {
    svg("path", { d: bandPath(layer, view), class: "band" }, parent);
  } else if (layer.kind === "errors") {
    svg("path", { d: errorPath(layer, view), class: "errors" }, parent);
  } else if (layer.kind === "masked") {
    svg("path", { d: markerPath(layer, view, CROSS, 2.5), class: layer.key || "masked" }, parent);
  } else if (layer.kind === "peaks") {
    svg("path", { d: markerPath(layer, view, TIP, 4), class: "peak" }, parent);
  } else {
    const marker = MARKERS[series.marker % MARKERS.length];
    svg("path", { d: markerPath(layer, view, marker, layer.radius || 2.8), class: `points ${layer.look || ""}` }, parent);
  }
}

// Peaks of one name that stand together are named once, above the highest
function gathered(names, view) {
  const kept = [];
  for (const name of [...names].sort((a, b) => a.top - b.top)) {
    if (name.left < 0 || name.left > view.width || name.top < 0 || name.top > view.height) continue;
    const twin = kept.find((other) => other.label === name.label && Math.abs(other.left - name.left) < 60);
    if (twin) twin.colour = twin.colour === name.colour ? name.colour : "var(--ink)";
    else kept.push({ ...name });
  }
  return kept.sort((a, b) => a.left - b.left);
}

// Names above peaks: each as low as it can be without lying on another
function drawNames(names, view, parent) {
  const taken = [];
  for (const { label, left, top, colour } of gathered(names, view)) {
    const half = 3.3 * label.length + 2;
    const middle = Math.max(half, Math.min(view.width - half, left));
    let base = Math.max(top - 12, 11);
    let tries = 0;
    const meets = (box) => Math.abs(box.middle - middle) < box.half + half && Math.abs(box.base - base) < 13;
    while (taken.some(meets) && tries++ < 6) base -= 13;
    if (base < 10 || tries > 6) continue;
    taken.push({ middle, half, base });
    const made = svg("text", { x: middle, y: base, class: "name", "text-anchor": "middle" }, parent);
    made.style.color = colour;
    made.textContent = label;
  }
}
