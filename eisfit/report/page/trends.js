// Resistances along the series: one plot a role, one line a track.

const TREND_KINDS = [["points", "Values"], ["errors", "95 % interval"]];
const KELVIN = 273.15;
const TREND_SCALES = {
  time_h: [["linear", "time", (t) => t], ["root", "square root of time", Math.sqrt], ["log", "logarithm of time", (t) => t]],
  temperature_c: [["linear", "temperature", (t) => t], ["inverse", "1000/T", (t) => 1000 / (t + KELVIN)]],
};

function trendAxis(along, scale) {
  if (along.names.length) return { label: along.label, unit: "", names: along.names };
  if (scale === "root") return { label: `√(${along.label.toLowerCase()} / ${along.unit})`, unit: "" };
  if (scale === "inverse") return { label: "1000/T", unit: "K⁻¹" };
  return { label: along.label, unit: along.unit, log: scale === "log" };
}

function trendLayers(entry, laws, options, along, unit) {
  const [, , turn] = options.scales.find(([name]) => name === options.x) || [null, null, (t) => t];
  const place = (values) => {
    if (along.names.length) return values.map((value) => along.places.indexOf(value));
    return options.x === "log" ? log10(values) : values.map(turn);
  };
  const height = (values) => (options.y === "log" ? log10(values) : values);
  const told = (i) => (along.names.length ? along.names[along.places.indexOf(entry.x[i])] : `${text(entry.x[i])} ${along.unit}`);
  const tell = (i) => [
    [along.label.toLowerCase(), told(i)], ["R", quantity(entry.y[i], unit)],
    ["95 %", entry.low[i] === null ? "–" : `${quantity(entry.low[i], unit, 3)} to ${quantity(entry.high[i], unit, 3)}`],
    ["status", entry.status[i]],
    ...(entry.reference[i] === null ? [] : [["reference", quantity(entry.reference[i], unit)]]),
  ];
  const x = place(entry.x);
  const given = entry.reference.some((value) => value !== null);
  const layers = laws.map((law) => ({ kind: "line", x: place(law.x), y: height(law.y) }));
  if (!laws.length) layers.push({ kind: "line", key: "points", x, y: height(entry.y), look: "thin" });
  layers.push(
    { kind: "errors", x, y: height(entry.y), low: height(entry.low), high: height(entry.high) },
    { kind: "points", x, y: height(entry.y), tell, radius: 3.6 },
    ...(given ? [{ kind: "masked", key: "reference", x, y: height(entry.reference) }] : []),
  );
  return layers;
}

function setUpTrends(trends, unit) {
  const section = document.getElementById("trends");
  if (!section || !trends || !trends.roles.length) return;
  const { along } = trends;
  const samples = [...new Set(trends.tracks.map((track) => track.sample))];
  const marks = new Map();
  trends.tracks.forEach((track) => {
    const before = marks.get(track.sample) || 0;
    marks.set(track.sample, before + 1);
    track.marker = before;
    track.colour = `var(--c${samples.indexOf(track.sample) % SLOTS})`;
  });
  const scales = TREND_SCALES[along.name] || [["linear", "linear", (t) => t]];
  const options = { x: "linear", y: spanOf(trends) > 30 ? "log" : "linear", scales, hidden: new Set() };
  const compared = trends.roles.some((role) => role.series.some((entry) => entry.reference.some((value) => value !== null)));
  const told = trends.roles.some((role) => role.laws.length);
  const kinds = [...TREND_KINDS, ...(told ? [["line", "Law"]] : []), ...(compared ? [["reference", "Reference"]] : [])];
  const plots = trends.roles.map((role, i) => new Plot(document.getElementById("trend-panels"), {
    id: `trend-${i}`, title: role.role.charAt(0).toUpperCase() + role.role.slice(1), kinds, tall: 320, aspect: 0.66, x: trendAxis(along, "linear"), y: { label: "R" },
  }));

  function update(keep) {
    const across = trendWidth(trends, options);
    trends.roles.forEach((role, i) => {
      const series = role.series.filter((entry) => !options.hidden.has(entry.track)).map((entry) => {
        const track = trends.tracks[entry.track];
        const laws = role.laws.filter((law) => law.track === entry.track);
        const name = laws.length ? `${track.name}: ${laws[0].name}` : track.name;
        return { name, colour: track.colour, marker: track.marker, layers: trendLayers(entry, laws, options, along, unit) };
      });
      const { spec } = plots[i];
      spec.x = trendAxis(along, options.x);
      spec.y = { label: "R", prefix: options.y !== "log", log: options.y === "log", style: "prefix" };
      plots[i].show(series, { x: across, y: trendHeight(series, options), unit, keep });
    });
  }

  const tools = document.getElementById("trend-options");
  if (scales.length > 1 && !along.names.length) tools.append(choice("Along", scales, (x) => { options.x = x; update(false); }));
  const heights = choice("R axis", [["linear", "linear"], ["log", "logarithmic"]], (y) => { options.y = y; update(false); });
  heights.querySelector("select").value = options.y;
  tools.append(heights);
  document.getElementById("trend-legend").append(...trends.tracks.map((track, i) => {
    const chip = html("button", { type: "button", class: "chip", "aria-pressed": "true", title: track.name }, swatch(track.colour, track.marker), html("bdi", {}, track.name));
    chip.addEventListener("click", () => {
      if (!options.hidden.delete(i)) options.hidden.add(i);
      chip.setAttribute("aria-pressed", String(!options.hidden.has(i)));
      update(true);
    });
    return chip;
  }));
  section.hidden = false;
  update(false);
}

// How many times the largest resistance of any role is its smallest
function spanOf(trends) {
  return Math.max(...trends.roles.map((role) => {
    const values = role.series.flatMap((entry) => entry.y).filter((value) => value > 0);
    return Math.max(...values) / Math.min(...values);
  }));
}

// One axis for all roles, so that they can be compared from plot to plot
function trendWidth({ along, roles }, options) {
  if (along.names.length) return [-0.5, along.names.length - 0.5];
  const places = roles.flatMap((role) => role.series.flatMap((entry) => entry.x));
  const [, , turn] = options.scales.find(([name]) => name === options.x) || options.scales[0];
  return extent([options.x === "log" ? log10(places) : places.map(turn)], 0.05);
}

function trendHeight(series, options) {
  const of = (kind) => series.flatMap((one) => one.layers.filter((layer) => layer.kind === kind));
  const heights = [...of("points"), ...of("masked")].map((layer) => layer.y);
  const values = extent(heights, 0);
  // An interval that dwarfs the values is cut off
  const reach = values[1] - values[0] || Math.abs(values[0]);
  const ends = of("errors").flatMap((layer) => [layer.low, layer.high]).map((list) => list.filter((end) => end > values[0] - 2 * reach && end < values[1] + 2 * reach));
  const y = extent([...heights, ...ends], 0.08, options.y === "log" ? 0.15 : 0.05 * Math.abs(values[1]));
  return options.y === "linear" && y[0] > 0 && y[0] < 0.5 * y[1] ? [0, y[1]] : y;
}
