// Brings the page to life.

const DRT_SCALES = [["linear", "linear"], ["log", "logarithmic"], ["relative", "each to its highest peak"]];

const DRT_AXES = {
  linear: { label: "γ", prefix: true },
  log: { label: "γ", log: true, style: "prefix" },
  relative: { label: "γ / highest peak", unit: "" },
};

// Where arcs of many sizes follow each other, the fast ones are seen without the slow ones
function cuts(spectra) {
  const ends = extent(spectra.map((one) => one.lf), 0);
  const entries = [["0", "whole"]];
  for (let e = Math.ceil(ends[0] + 0.5); e <= ends[1] - 0.5; e++) {
    const [scale, prefix] = prefixed(10 ** e);
    entries.push([String(10 ** e), `above ${Math.round(10 ** e / scale)} ${prefix}Hz`]);
  }
  return entries;
}

function choice(name, entries, onChange) {
  const select = html("select", {}, ...entries.map(([value, label]) => html("option", { value }, label)));
  select.addEventListener("change", () => onChange(select.value));
  return html("label", {}, `${name} `, select);
}

const MOST_AT_FIRST = 6;
const UNLIKE = 300; // times the smallest peak from which on the highest hides it on a linear axis

// What a reader of a series wants to see together: each track, and the ends of all
function setsOf({ spectra, tracks }) {
  if (!tracks || !tracks.length) return [];
  const of = (members) => members.map((i) => spectra[i]);
  const ends = tracks.flatMap((track) => [track.members[0], track.members[track.members.length - 1]]);
  const sets = tracks.map((track) => [track.name, of(track.members)]);
  if (tracks.length > 1) sets.push(["first and last of each", of([...new Set(ends)])], ["all", spectra]);
  return sets;
}

function setUpPlots(data) {
  const { spectra } = data;
  spectra.forEach(prepare);
  const sets = setsOf(data);
  const first = spectra.length <= SLOTS ? spectra : sets.length ? sets[0][1] : spectra.slice(0, MOST_AT_FIRST);
  const options = optionsFor(data, first);
  document.getElementById("workbench").hidden = false;
  const panels = document.getElementById("panels");
  const plots = ROOT_PLOTS.map((spec) => new Plot(panels, spec));
  const picker = new Picker(spectra, first, (keepLegend) => {
    const chooser = document.getElementById("sets");
    if (chooser && !picker.setting && !keepLegend) chooser.value = "";
    update(keepLegend);
  });

  function update(keepLegend = false) {
    picker.colour(options.by);
    if (!keepLegend) picker.legend(document.getElementById("legend"));
    const visible = picker.shown.filter((one) => !picker.hidden.has(one));
    const unit = (visible[0] || spectra[0]).unit;
    for (const plot of plots) {
      const series = visible.map((one) => ({ one, name: one.name, colour: one.colour, marker: one.marker, layers: plot.spec.layers(one, options) }));
      const home = plot.spec.home(visible.length ? visible : spectra, options);
      plot.show(series, { ...home, unit, keep: true });
    }
  }

  addChooser(sets, first, picker, plots);
  addOptions(data, options, plots, update);
  link(plots);
  update();
}

function optionsFor(data, first) {
  const heights = first.flatMap((one) => one.heights);
  const far = Math.max(...heights) > UNLIKE * Math.min(...heights);
  const floor = 1e-4 * Math.min(...data.spectra.map((one) => one.least));
  return { scale: far ? "log" : "linear", by: data.along || "", above: 0, floor };
}

function addChooser(sets, first, picker, plots) {
  if (sets.length < 2) return;
  const entries = [...sets.map(([name], i) => [String(i), name]), ["", "as picked"]];
  const chooser = choice("Show", entries, (i) => {
    if (i !== "") picker.set(sets[i][1]);
    plots.forEach((plot) => plot.reset());
  });
  chooser.lastChild.id = "sets";
  chooser.lastChild.value = String(sets.findIndex(([, members]) => members === first));
  document.getElementById("options").append(chooser);
}

function addOptions({ spectra, coordinates }, options, plots, update) {
  const tools = document.getElementById("options");
  const [nyquist, drt] = plots;
  const add = (name, entries, value, onChange) => {
    const made = choice(name, entries, onChange);
    made.lastChild.value = value;
    tools.append(made);
  };
  const varying = coordinates.filter(([name]) => new Set(spectra.map((one) => one.conditions[name])).size > 1);
  if (varying.length) {
    add("Colour by", [["", "spectrum"], ...varying], options.by, (by) => {
      options.by = by;
      update();
    });
  }
  add("Nyquist", cuts(spectra), "0", (above) => {
    options.above = Number(above);
    update();
    nyquist.reset();
  });
  const shape = (scale) => {
    options.scale = scale;
    drt.spec.y = DRT_AXES[scale];
  };
  shape(options.scale);
  add("γ axis", DRT_SCALES, options.scale, (scale) => {
    shape(scale);
    update();
    drt.reset();
  });
}

// Plots over frequency are zoomed together along it; a point is found again in all of them
function link(plots) {
  for (const plot of plots) {
    plot.listeners.view = () => {
      for (const other of plots) {
        if (other === plot || !plot.spec.link || other.spec.link !== plot.spec.link) continue;
        if (plot.view.moved) other.view.x = [...plot.view.x];
        else other.view.reset();
        other.view.moved = plot.view.moved;
        other.draw();
      }
    };
    plot.listeners.cursor = (_, found) => {
      const guide = found && guideOf(found);
      for (const other of plots) if (other !== plot) other.follow(guide);
    };
  }
}

function guideOf({ series, layer, index }) {
  const { one } = series;
  const times = layer.kind === "peaks" || layer.x === one.drt.lt;
  if (times) return { one, index: null, lf: -layer.x[index] - Math.log10(TURN) };
  return { one, index, lf: one.lf[index] };
}

document.documentElement.classList.add("scripted");
// Paper has nothing to click on
window.addEventListener("beforeprint", () => document.querySelectorAll("details.more").forEach((part) => { part.open = true; }));
setUpTables();
const DATA = JSON.parse(document.getElementById("data").textContent);
setUpTrends(DATA.trends, DATA.spectra[0].unit);
setUpPlots(DATA);
