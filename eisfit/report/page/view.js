// What part of the plane a plot shows; logarithmic axes are in powers of ten here.

class View {
  constructor(equal) {
    this.equal = equal;
    this.home = { x: [0, 1], y: [0, 1] };
    this.x = [0, 1];
    this.y = [0, 1];
    this.width = 100;
    this.height = 100;
    this.moved = false;
  }

  setHome(x, y) {
    this.home = { x, y };
    if (!this.moved) this.reset();
  }

  resize(width, height) {
    this.width = width;
    this.height = height;
    if (this.moved) this.level();
    else this.reset();
  }

  reset() {
    this.moved = false;
    this.x = [...this.home.x];
    this.y = [...this.home.y];
    this.level();
  }

  // Equal axes: the tighter axis decides, the other shows more on both sides
  level() {
    if (!this.equal) return;
    const unit = Math.max((this.x[1] - this.x[0]) / this.width, (this.y[1] - this.y[0]) / this.height);
    const stretch = ([low, high], pixels) => {
      const half = (unit * pixels) / 2;
      return [(low + high) / 2 - half, (low + high) / 2 + half];
    };
    // At home zero stays at the bottom, where a reader looks for it
    const low = this.y[0];
    this.x = stretch(this.x, this.width);
    this.y = this.moved ? stretch(this.y, this.height) : [low, low + unit * this.height];
  }

  left(x) {
    return ((x - this.x[0]) / (this.x[1] - this.x[0])) * this.width;
  }

  top(y) {
    return (1 - (y - this.y[0]) / (this.y[1] - this.y[0])) * this.height;
  }

  at(left, top) {
    return [
      this.x[0] + (left / this.width) * (this.x[1] - this.x[0]),
      this.y[0] + (1 - top / this.height) * (this.y[1] - this.y[0]),
    ];
  }

  // Returns whether anything changed: what is fully shown is not zoomed out further
  zoom(left, top, factor, axes = "xy") {
    const [x, y] = this.at(left, top);
    const along = (range, home, centre, wanted) => {
      if (!wanted) return range;
      const width = home[1] - home[0];
      const next = range.map((end) => centre + (end - centre) * factor);
      return next[1] - next[0] < 1e-9 * width ? range : next;
    };
    const both = this.equal || axes === "xy";
    const next = {
      x: along(this.x, this.home.x, x, both || axes === "x"),
      y: along(this.y, this.home.y, y, both || axes === "y"),
    };
    const wide = (range, home) => range[1] - range[0] >= (home[1] - home[0]) * (1 - 1e-9);
    if (factor > 1 && wide(next.x, this.home.x) && wide(next.y, this.home.y)) {
      if (!this.moved) return false;
      this.reset();
      return true;
    }
    this.moved = true;
    [this.x, this.y] = [next.x, next.y];
    return true;
  }

  pan(dx, dy) {
    const shift = (range, by) => range.map((end) => end + by);
    this.moved = true;
    this.x = shift(this.x, (-dx / this.width) * (this.x[1] - this.x[0]));
    this.y = shift(this.y, (dy / this.height) * (this.y[1] - this.y[0]));
  }

  frame(left, top, right, bottom) {
    const [x0, y0] = this.at(Math.min(left, right), Math.max(top, bottom));
    const [x1, y1] = this.at(Math.max(left, right), Math.min(top, bottom));
    this.moved = true;
    this.x = [x0, x1];
    this.y = [y0, y1];
    this.level();
  }
}
