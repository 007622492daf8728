// Brings the page to life.

const DRT_SCALES = [["linear", "linear"], ["log", "logarithmic"], ["relative", "each to its highest peak"]];

function choice(name, entries, onChange) {
  const select = html("select", {}, ...entries.map(([value, label]) => html("option", { value }, label)));
  select.addEventListener("change", () => onChange(select.value));
  return html("label", {}, `${name} `, select);
}

function setUpPlots(data) {
  const spectra = data.spectra;
  spectra.forEach(prepare);
  const options = { scale: "linear", by: data.along || "" };
  document.getElementById("workbench").hidden = false;
  const panels = document.getElementById("panels");
  const plots = ROOT_PLOTS.map((spec) => new Plot(panels, spec));
  const picker = new Picker(spectra, (keepLegend) => update(true, keepLegend));

  function update(keep, keepLegend = false) {
    picker.colour(options.by);
    if (!keepLegend) picker.legend(document.getElementById("legend"));
    const visible = picker.shown.filter((one) => !picker.hidden.has(one));
    const unit = (visible[0] || spectra[0]).unit;
    for (const plot of plots) {
      const series = visible.map((one) => ({ one, name: one.name, colour: one.colour, marker: one.marker, layers: plot.spec.layers(one, options) }));
      const home = plot.spec.home(visible.length ? visible : spectra, options);
      plot.show(series, { ...home, unit, keep });
    }
  }

  const tools = document.getElementById("options");
  const varying = (data.coordinates || []).filter(([name]) => new Set(spectra.map((one) => one.conditions[name])).size > 1);
  if (varying.length) {
    tools.append(choice("Colour by", [["", "spectrum"], ...varying], (by) => {
      options.by = by;
      update(true);
    }));
    tools.querySelector("select").value = options.by;
  }
  tools.append(choice("γ axis", DRT_SCALES, (scale) => {
    options.scale = scale;
    const drt = plots.find((plot) => plot.spec.id === "drt");
    drt.spec.y = { linear: { label: "γ", prefix: true }, log: { label: "γ", log: true, style: "prefix" }, relative: { label: "γ / highest peak", unit: "" } }[scale];
    update(true);
    drt.reset();
  }));
  link(plots);
  update(false);
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
setUpTables();
setUpPlots(JSON.parse(document.getElementById("data").textContent));
