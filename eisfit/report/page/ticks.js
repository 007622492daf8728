// Ticks of an axis between two ends. A logarithmic axis is told in powers of ten.

function niceStep(raw) {
  const size = 10 ** Math.floor(Math.log10(raw));
  return size * [1, 2, 2.5, 5, 10].find((step) => step * size >= raw * (1 - 1e-9));
}

// Values at most `most` in number, with labels as multiples of `scale`
function linearTicks(low, high, most, scale) {
  let step = niceStep((high - low) / Math.max(most, 1));
  const few = Math.floor(high / step) - Math.ceil(low / step) < 2;
  if (few && most >= 3) step = niceStep(step / 2.6);
  const size = Math.floor(Math.log10(step / scale) + 1e-9);
  const quarters = Math.abs(step / scale / 10 ** size - 2.5) < 1e-6;
  const decimals = Math.max(0, -size + (quarters ? 1 : 0));
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) {
    const label = ((i * step) / scale).toFixed(Math.min(decimals, 12));
    ticks.push({ at: i * step, label: minus(Number(label) === 0 ? "0" : label) });
  }
  return ticks;
}

function decadeLabel(exponent, style) {
  if (style !== "prefix") return power(exponent);
  const [scale, prefix] = prefixed(10 ** exponent);
  return `${Math.round(10 ** exponent / scale)}${prefix && ` ${prefix}`}`;
}

function logTicks(low, high, most, style) {
  const decades = high - low;
  if (decades < 0.7) {
    const [from, to] = [10 ** low, 10 ** high];
    const scale = style === "prefix" ? prefixed(to)[0] : 10 ** Math.floor(Math.log10(to) + 1e-9);
    const tail = style === "prefix" ? ` ${prefixed(to)[1]}`.trimEnd() : `×${power(Math.round(Math.log10(scale)))}`;
    return linearTicks(from, to, most, scale).map(({ at, label }) => ({ at: Math.log10(at), label: label + tail }));
  }
  const every = Math.max(1, Math.ceil(decades / Math.max(most, 1)));
  const ticks = [];
  for (let e = Math.floor(low); e <= Math.ceil(high); e++) {
    for (const digit of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      const at = e + Math.log10(digit);
      if (at < low - 1e-9 || at > high + 1e-9 || (digit > 1 && every > 2)) continue;
      ticks.push({ at, label: logLabel(e, digit, every, decades, style), minor: digit > 1 });
    }
  }
  return ticks;
}

function logLabel(exponent, digit, every, decades, style) {
  if (digit === 1) return ((exponent % every) + every) % every === 0 ? decadeLabel(exponent, style) : "";
  if (decades > 1.6 || (digit !== 2 && digit !== 5)) return "";
  if (style !== "prefix") return `${digit}×${power(exponent)}`;
  const [scale, prefix] = prefixed(digit * 10 ** exponent);
  return `${text((digit * 10 ** exponent) / scale)}${prefix && ` ${prefix}`}`;
}
