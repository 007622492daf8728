// Numbers as a reader wants them.

const PREFIXES = [
  [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""],
  [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"], [1e-12, "p"],
];
const SUPERSCRIPT = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

function prefixed(size) {
  const found = PREFIXES.find(([scale]) => Math.abs(size) >= scale * (1 - 1e-9));
  if (found) return found;
  return size === 0 || !Number.isFinite(size) ? [1, ""] : PREFIXES[PREFIXES.length - 1];
}

function minus(text) {
  return text.replace("-", "−");
}

// 50801 and "Ω" give 50.80 kΩ
function quantity(value, unit, digits = 4) {
  if (value === null || !Number.isFinite(value)) return "–";
  const rounded = Number(value.toPrecision(digits));
  const [scale, prefix] = prefixed(rounded);
  return `${minus((rounded / scale).toPrecision(digits))} ${prefix}${unit}`;
}

function power(exponent) {
  return `10${String(exponent).replace(/./g, (sign) => SUPERSCRIPT[sign])}`;
}

function text(value, digits = 4) {
  if (typeof value === "string") return value;
  if (value === null || !Number.isFinite(value)) return "–";
  return minus(String(Number(value.toPrecision(digits))));
}
