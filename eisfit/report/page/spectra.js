// The plots of single spectra, and what each of them draws of one.

const TURN = 2 * Math.PI;
const log10 = (values) => values.map((value) => (value > 0 ? Math.log10(value) : NaN));
const modulus = (one) => one.re.map((re, i) => Math.hypot(re, one.im[i]));
const phase = (one) => one.re.map((re, i) => (-Math.atan2(one.im[i], re) * 360) / TURN);
const without = (values, drop) => values.map((value, i) => (drop(i) ? NaN : value));
const FREQUENCY = { label: "Frequency", unit: "Hz", log: true, style: "prefix" };
const CIRCUIT = [["points", "Data"], ["line", "Fit"], ["masked", "Masked"]];

// What hangs on the data alone is computed once
function prepare(one) {
  const masked = (i) => i in one.masked;
  const free = (i) => !masked(i);
  one.lf = log10(one.f);
  one.used = { lf: without(one.lf, masked), re: without(one.re, masked), im: without(one.im, masked) };
  one.off = { lf: without(one.lf, free), re: without(one.re, free), im: without(one.im, free) };
  one.size = modulus(one);
  one.angle = phase(one);
  one.fit.lf = log10(one.fit.f);
  one.fit.size = log10(modulus(one.fit));
  one.fit.angle = phase(one.fit);
  one.drt.lt = log10(one.drt.tau);
  one.heights = heightsOf(one.drt);
  one.top = Math.max(...one.heights);
  one.least = Math.max(Math.min(...one.heights), 1e-6 * one.top);
}

// Gamma of the peaks that were measured: outside the window it is extrapolation, and may be huge
function heightsOf({ tau, gamma, window, peaks }) {
  const inside = (at) => at >= window[0] && at <= window[1];
  const sure = peaks.filter((peak) => inside(peak.tau) && peak.status !== "not determined").map((peak) => peak.gamma);
  const heights = sure.length ? sure : gamma.filter((_, i) => inside(tau[i]));
  return heights.some((height) => height > 0) ? heights.filter((height) => height > 0) : [1e-300];
}

function tellPoint(one, i) {
  const { unit } = one;
  const rows = [
    ["f", quantity(one.f[i], "Hz")], ["Z′", quantity(one.re[i], unit)], ["−Z″", quantity(one.im[i], unit)],
    ["|Z|", quantity(one.size[i], unit)], ["phase", `${text(one.angle[i], 3)}°`],
  ];
  if (one.masked[i]) rows.push(["masked", one.masked[i]]);
  return rows;
}

function cartesian(one, x, y, line) {
  const tell = (i) => tellPoint(one, i);
  const layer = (kind, from) => ({ kind, x: x(from), y: y(from), tell });
  return [
    { kind: "line", x: line.x, y: line.y },
    layer("masked", one.off),
    layer("points", one.used),
  ];
}

function residualLayers(one, residual) {
  const tell = (i) => [["f", quantity(one.f[i], "Hz")], ["real", `${text(residual.re[i], 3)} %`], ["imaginary", `${text(residual.im[i], 3)} %`]];
  return [
    { kind: "points", x: one.used.lf, y: residual.re, key: "re", tell, radius: 2.4 },
    { kind: "points", x: one.used.lf, y: residual.im, key: "im", tell, radius: 2.4, look: "full" },
  ];
}

// scale: "linear", "log" or "relative"; floor: what stands for none on a logarithmic axis
function drtLayers(one, { scale, floor }) {
  const { drt } = one;
  const share = scale === "relative" ? 1 / one.top : 1;
  const y = (values) => (scale === "log" ? log10(values.map((value) => Math.max(value, floor))) : values.map((value) => (value === null ? NaN : value * share)));
  const outside = (i) => drt.tau[i] < drt.window[0] || drt.tau[i] > drt.window[1];
  const gamma = y(drt.gamma);
  const tell = (i) => [
    ["τ", quantity(drt.tau[i], "s")], ["f", quantity(1 / (TURN * drt.tau[i]), "Hz")], ["γ", quantity(drt.gamma[i], one.unit)],
    ...(drt.lower.length ? [["95 %", `${quantity(drt.lower[i], one.unit, 3)} to ${quantity(drt.upper[i], one.unit, 3)}`]] : []),
    ...(outside(i) ? [["", "outside the measured window"]] : []),
  ];
  const tellPeak = (i) => {
    const peak = drt.peaks[i];
    return [["peak", `${i + 1} ${peak.role}`], ["τ", quantity(peak.tau, "s")], ["f", quantity(1 / (TURN * peak.tau), "Hz")],
      ["R", quantity(peak.r, one.unit)], ["status", peak.status]];
  };
  const band = drt.lower.length ? [{ kind: "band", x: drt.lt, low: y(drt.lower), high: y(drt.upper) }] : [];
  return [
    ...band,
    { kind: "line", x: drt.lt, y: without(gamma, (i) => !outside(i)), look: "dashed", tell },
    { kind: "line", x: drt.lt, y: without(gamma, outside), tell },
    {
      kind: "peaks", x: log10(drt.peaks.map((peak) => peak.tau)), y: y(drt.peaks.map((peak) => peak.gamma)),
      names: drt.peaks.map((peak, i) => peak.role || String(i + 1)), tell: tellPeak,
    },
  ];
}

function extent(arrays, pad = 0.05, least = 0) {
  let [low, high] = [Infinity, -Infinity];
  for (const values of arrays) {
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) return [0, 1];
  const middle = (low + high) / 2;
  const half = Math.max((high - low) * (0.5 + pad), least, Math.abs(middle) * 1e-6, 1e-300);
  return [middle - half, middle + half];
}

const ROOT_PLOTS = [
  {
    id: "nyquist", title: "Nyquist", equal: true, kinds: CIRCUIT, aspect: 0.78, tall: 460,
    x: { label: "Z′", prefix: true }, y: { label: "−Z″", prefix: true },
    layers: (one) => cartesian(one, (from) => from.re, (from) => from.im, { x: one.fit.re, y: one.fit.im }),
    home: (spectra, { above }) => {
      const fast = (one, values) => values.filter((_, i) => one.f[i] >= above);
      const x = extent(spectra.map((one) => fast(one, one.used.re)), 0.04);
      const y = extent(spectra.map((one) => fast(one, one.used.im)), 0.06);
      return { x: [Math.min(x[0], 0), x[1]], y: y[0] > 0 ? [0, y[1]] : y };
    },
    guide: (plot, { one, index }) => index !== null && plot.ring(plot.view.left(one.re[index]), plot.view.top(one.im[index]), one.colour),
  },
  {
    id: "drt", title: "Relaxation times", kinds: [["line", "γ"], ["band", "95 % band"], ["peaks", "Peaks"]], aspect: 0.78, tall: 460,
    x: { label: "τ", unit: "s", log: true }, y: { label: "γ", prefix: true },
    upper: { label: "Frequency / Hz", of: (lt) => -lt - Math.log10(TURN), back: (lf) => -lf - Math.log10(TURN) },
    layers: drtLayers,
    home: (spectra, options) => {
      const tops = spectra.map((one) => (options.scale === "relative" ? 1 : one.top));
      const x = extent(spectra.map((one) => one.drt.lt), 0);
      if (options.scale !== "log") return { x, y: [0, 1.22 * Math.max(...tops)] };
      return { x, y: [Math.log10(Math.min(...spectra.map((one) => one.least))) - 1, Math.log10(Math.max(...tops)) + 0.5] };
    },
    behind: shadeWindow,
    guide: (plot, { lf }) => lf !== null && plot.upright(-lf - Math.log10(TURN)),
  },
  {
    id: "modulus", title: "Bode: modulus", kinds: CIRCUIT, link: "frequency", tall: 320, aspect: 0.62,
    x: FREQUENCY, y: { label: "|Z|", log: true, style: "prefix" },
    layers: (one) => cartesian(one, (from) => from.lf, (from) => log10(modulus(from)), { x: one.fit.lf, y: one.fit.size }),
    home: (spectra) => ({ x: extent(spectra.map((one) => one.lf), 0.03), y: extent(spectra.map((one) => log10(modulus(one.used))), 0.06, 0.2) }),
    guide: (plot, { lf }) => lf !== null && plot.upright(lf),
  },
  {
    id: "phase", title: "Bode: phase", kinds: CIRCUIT, link: "frequency", tall: 320, aspect: 0.62,
    x: FREQUENCY, y: { label: "Phase", unit: "°" },
    layers: (one) => cartesian(one, (from) => from.lf, phase, { x: one.fit.lf, y: one.fit.angle }),
    home: (spectra) => ({ x: extent(spectra.map((one) => one.lf), 0.03), y: extent(spectra.map((one) => phase(one.used)), 0.06, 5) }),
    guide: (plot, { lf }) => lf !== null && plot.upright(lf),
  },
  {
    id: "misfit", title: "Circuit residuals", kinds: [["re", "Real"], ["im", "Imaginary"]], link: "frequency", tall: 260, aspect: 0.5,
    x: FREQUENCY, y: { label: "ΔZ/|Z|", unit: "%" },
    layers: (one) => residualLayers(one, one.misfit),
    home: (spectra) => residualHome(spectra, (one) => one.misfit),
    behind: zeroLine,
    guide: (plot, { lf }) => lf !== null && plot.upright(lf),
  },
  {
    id: "kk", title: "Kramers-Kronig residuals", kinds: [["re", "Real"], ["im", "Imaginary"]], link: "frequency", tall: 260, aspect: 0.5,
    x: FREQUENCY, y: { label: "ΔZ/|Z|", unit: "%" },
    layers: (one) => residualLayers(one, one.kk),
    home: (spectra) => residualHome(spectra, (one) => one.kk),
    behind: zeroLine,
    guide: (plot, { lf }) => lf !== null && plot.upright(lf),
  },
];

function residualHome(spectra, of) {
  const free = (one, values) => values.filter((_, i) => !(i in one.masked));
  const reach = extent(spectra.flatMap((one) => [free(one, of(one).re), free(one, of(one).im)]), 0, 0.1);
  const half = 1.12 * Math.max(Math.abs(reach[0]), Math.abs(reach[1]), 0.2);
  return { x: extent(spectra.map((one) => one.lf), 0.03), y: [-half, half] };
}

function zeroLine(plot, parent) {
  const y = pixel(plot.view.top(0));
  svg("path", { d: `M0 ${y}H${plot.view.width}`, class: "zero" }, parent);
}

// Beyond the widest measured window gamma is extrapolation
function shadeWindow(plot, parent) {
  const windows = plot.series.map((series) => series.one.drt.window);
  if (!windows.length) return;
  const low = plot.view.left(Math.log10(Math.min(...windows.map((window) => window[0]))));
  const high = plot.view.left(Math.log10(Math.max(...windows.map((window) => window[1]))));
  const { width, height } = plot.view;
  if (low > 0) svg("rect", { width: pixel(Math.min(low, width)), height, class: "outside" }, parent);
  if (high < width) svg("rect", { x: pixel(Math.max(high, 0)), width: pixel(width - Math.max(high, 0)), height, class: "outside" }, parent);
}
