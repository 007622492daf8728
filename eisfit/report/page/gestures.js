// Wheel, mouse, touch and keys on a plot.

const SCROLL_PAUSE = 400; // ms after which a turn of the wheel is no longer part of a scroll
let scrolled = -Infinity;
window.addEventListener("scroll", () => { scrolled = performance.now(); }, { passive: true });

function attachGestures(plot) {
  const { canvas } = plot;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left - plot.margin.left, event.clientY - box.top - plot.margin.top];
  };
  attachWheel(plot, place);
  attachPointers(plot, place);
  canvas.addEventListener("keydown", (event) => onKey(plot, event));
  canvas.addEventListener("dblclick", () => plot.reset());
  canvas.addEventListener("blur", () => plot.point(null));
}

function attachWheel(plot, place) {
  plot.canvas.addEventListener("wheel", (event) => {
    // A page that is being scrolled is not stopped by the plot that comes under the pointer
    if (performance.now() - scrolled < SCROLL_PAUSE && !event.ctrlKey) {
      scrolled = performance.now();
      return;
    }
    const [left, top] = place(event);
    const axes = left < 0 ? "y" : top > plot.view.height ? "x" : "xy";
    const pixels = event.deltaY * (event.deltaMode === 1 ? 30 : 1);
    const factor = Math.exp(Math.max(-120, Math.min(120, pixels)) / (event.ctrlKey ? 100 : 450));
    if (plot.view.zoom(left, top, factor, axes)) {
      event.preventDefault();
      plot.point(null);
      plot.changed();
    }
  }, { passive: false });
}

function attachPointers(plot, place) {
  const { canvas, view } = plot;
  const down = new Map();
  let drag = null;
  let pinch = null;

  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    down.set(event.pointerId, place(event));
    try {
      canvas.setPointerCapture(event.pointerId);
    } catch {
      // a pointer that is gone already cannot be held
    }
    if (down.size === 2) {
      pinch = spread(down);
      drag = null;
    } else if (event.pointerType === "mouse") {
      drag = { from: place(event), last: place(event), move: event.shiftKey };
    } else {
      plot.point(plot.nearest(...place(event)));
    }
  });

  canvas.addEventListener("pointermove", (event) => {
    const now = place(event);
    if (down.has(event.pointerId)) down.set(event.pointerId, now);
    if (pinch && down.size === 2) {
      const next = spread(down);
      view.zoom(next.left, next.top, pinch.size / next.size);
      view.pan(next.left - pinch.left, next.top - pinch.top);
      pinch = next;
      plot.point(null);
      plot.changed();
    } else if (drag && drag.move) {
      view.pan(now[0] - drag.last[0], now[1] - drag.last[1]);
      drag.last = now;
      plot.changed();
    } else if (drag) {
      mark(plot, drag.from, now);
    } else if (!pinch) {
      plot.point(plot.nearest(...now));
    }
  });

  const up = (event) => {
    down.delete(event.pointerId);
    if (down.size < 2) pinch = null;
    if (drag && !drag.move && event.type === "pointerup") {
      const [left, top] = place(event);
      const far = Math.abs(left - drag.from[0]) > 8 && Math.abs(top - drag.from[1]) > 8;
      if (far) {
        view.frame(...drag.from, left, top);
        plot.changed();
      }
    }
    drag = null;
    if (plot.selection) plot.selection.setAttribute("visibility", "hidden");
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", (event) => {
    if (!down.size && event.pointerType === "mouse") plot.point(null);
  });
}

function spread(down) {
  const [[x0, y0], [x1, y1]] = [...down.values()];
  return { left: (x0 + x1) / 2, top: (y0 + y1) / 2, size: Math.max(Math.hypot(x1 - x0, y1 - y0), 10) };
}

function mark(plot, [x0, y0], [x1, y1]) {
  plot.point(null);
  const box = { x: Math.min(x0, x1), y: Math.min(y0, y1), width: Math.abs(x1 - x0), height: Math.abs(y1 - y0), visibility: "visible" };
  for (const [key, value] of Object.entries(box)) plot.selection.setAttribute(key, value);
}

function onKey(plot, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { view } = plot;
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (event.key === "+" || event.key === "=") plot.zoomBy(0.7);
  else if (event.key === "-") plot.zoomBy(1 / 0.7);
  else if (event.key === "0" || event.key === "Home") plot.reset();
  else if (event.key === "Escape") plot.point(null);
  else if (step && event.shiftKey) {
    view.pan((-step[0] * view.width) / 10, (-step[1] * view.height) / 10);
    plot.changed();
  } else if (step) walk(plot, step);
  else return;
  event.preventDefault();
}

// Left and right: the next point of the series; up and down: the next series
function walk(plot, [along, across]) {
  const stops = plot.series.flatMap((series) => series.layers
    .filter((layer) => layer.tell && !plot.hiddenKinds.has(layer.key || layer.kind))
    .slice(0, 1)
    .map((layer) => ({ series, layer })));
  if (!stops.length) return;
  const found = plot.cursor || { ...stops[0], index: -1 };
  const here = Math.max(0, stops.findIndex((stop) => stop.series === found.series));
  const next = stops[(here + across + stops.length) % stops.length];
  const index = Math.max(0, Math.min(next.layer.x.length - 1, found.index + along));
  plot.point({ ...next, index });
  const words = next.layer.tell(index).map(([key, value]) => `${key} ${value}`);
  document.getElementById("spoken").textContent = `${next.series.name}: ${words.join(", ")}`;
}
