// A plane with axes on which the kernel puts named layers: fields, polygons, lines, arrows, points, text.

const INK = "#262626"; // drawn in the ink of the theme
const MARGIN = { left: 46, right: 20, top: 10, bottom: 30, label: 22 };

function render({ model, el }) {
  const root = element("div", "course-live", el);
  const title = model.get("title");
  if (title) element("div", "course-live-title", root).textContent = title;
  const legend = element("div", "course-live-legend", root);
  const canvas = element("canvas", "", root);
  const [width, height] = [model.get("width"), model.get("height")];
  canvas.style.width = `${width}px`;
  canvas.style.aspectRatio = `${width} / ${height}`;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", model.get("description"));
  legend.style.maxWidth = `${width}px`;
  const layers = new Map();
  let order = [];
  let view = null;

  const take = (content, buffers) => {
    if (content.whole) layers.clear();
    for (const name of content.removed) layers.delete(name);
    for (const layer of content.layers) layers.set(layer.name, unpack(layer, buffers));
    order = content.order;
  };
  const paint = () => {
    view = viewOf(canvas, model, width, height);
    const theme = themeOf(root);
    const { context, box } = view;
    context.clearRect(0, 0, width, height);
    context.save();
    context.beginPath();
    context.rect(box.left, box.top, box.width, box.height);
    context.clip();
    context.fillStyle = theme.paper;
    context.fillRect(box.left, box.top, box.width, box.height);
    const shown = order.filter((name) => layers.has(name)).map((name) => layers.get(name));
    if (shown.some((layer) => layer.kind === "field")) {
      [theme.ink, theme.paper] = [INK, "#ffffff"]; // fields are light in every theme
    }
    for (const layer of shown) PAINTERS[layer.kind](context, layer, view, theme);
    context.restore();
    if (model.get("axes")) drawAxes(context, box, themeOf(root), view);
    drawLegend(
      legend,
      shown.filter((l) => l.label).map((l) => ({
        label: l.label,
        colour: l.kind === "field" ? `linear-gradient(90deg, ${l.stops.join(",")})` : l.swatch,
        shape: ["lines", "arrows"].includes(l.kind) ? "line" : "dot",
      })),
    );
  };
  canvas.style.display = "block";
  paint();
  const undo = [
    receiveFrames(model, take, paint),
    onThemeChange(paint),
    onResize(canvas, paint),
    listenToPointer(model, canvas, () => view),
  ];
  model.on("change:xlim change:ylim change:xlabel change:ylabel", paint);
  return () => {
    model.off("change:xlim change:ylim change:xlabel change:ylabel", paint);
    for (const stop of undo) stop();
  };
}

// Maps data to CSS pixels and back.
function viewOf(canvas, model, wide, high) {
  const { context, width, height } = crisp(canvas, wide, high);
  const axes = model.get("axes");
  const [xlabel, ylabel] = [model.get("xlabel"), model.get("ylabel")];
  const left = axes ? MARGIN.left + (ylabel ? MARGIN.label : 0) : 0;
  const bottom = axes ? MARGIN.bottom + (xlabel ? MARGIN.label : 0) : 0;
  const [top, right] = axes ? [MARGIN.top, MARGIN.right] : [0, 0];
  const box = { left, top, width: width - left - right, height: height - top - bottom };
  const [xlim, ylim] = [model.get("xlim"), model.get("ylim")];
  let sx = box.width / (xlim[1] - xlim[0]);
  let sy = box.height / (ylim[1] - ylim[0]);
  if (model.get("equal")) {
    sx = sy = Math.min(sx, sy);
    box.width = sx * (xlim[1] - xlim[0]);
    box.height = sy * (ylim[1] - ylim[0]);
  }
  return {
    context, box, xlim, ylim, xlabel, ylabel, sx, sy,
    toX: (x) => left + (x - xlim[0]) * sx,
    toY: (y) => top + (ylim[1] - y) * sy,
    fromX: (u) => xlim[0] + (u - left) / sx,
    fromY: (v) => ylim[1] - (v - top) / sy,
  };
}

function unpack(layer, buffers) {
  const out = { ...layer };
  for (const [key, { buffer, type }] of Object.entries(layer.arrays)) {
    const bytes = buffers[buffer];
    out[key] = type === "float32" ? floatsOf(bytes) : bytes;
  }
  out.swatch = colourOf(out, 0, { ink: "currentColor" });
  if (layer.kind === "field") out.bitmap = bitmapOf(out);
  return out;
}

function colourOf(layer, i, theme) {
  if (layer.colours) return rgb(layer.colours, i);
  return !layer.colour || layer.colour === INK ? theme.ink : layer.colour;
}

function rgb(colours, i) {
  return `rgb(${colours[3 * i]},${colours[3 * i + 1]},${colours[3 * i + 2]})`;
}

function tableOf(stops) {
  const strip = document.createElement("canvas");
  [strip.width, strip.height] = [256, 1];
  const context = strip.getContext("2d", { willReadFrequently: true });
  const gradient = context.createLinearGradient(0, 0, 256, 0);
  stops.forEach((colour, i) => gradient.addColorStop(i / (stops.length - 1), colour));
  context.fillStyle = gradient;
  context.fillRect(0, 0, 256, 1);
  return context.getImageData(0, 0, 256, 1).data;
}

const TABLES = new Map();

function bitmapOf(layer) {
  const key = layer.stops.join();
  if (!TABLES.has(key)) TABLES.set(key, tableOf(layer.stops));
  const table = TABLES.get(key);
  const [rows, columns] = layer.shape;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [columns, rows];
  const image = new ImageData(columns, rows);
  const target = new Uint32Array(image.data.buffer);
  const colours = new Uint32Array(table.buffer, table.byteOffset, 256);
  for (let r = 0; r < rows; r++) {
    const from = (rows - 1 - r) * columns; // row 0 of the values lies at the bottom
    for (let c = 0; c < columns; c++) target[r * columns + c] = colours[layer.values[from + c]];
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

const PAINTERS = {
  field(context, layer, view) {
    const [x0, x1, y0, y1] = layer.extent;
    context.globalAlpha = layer.alpha;
    context.imageSmoothingEnabled = layer.smooth;
    context.imageSmoothingQuality = "high";
    const [left, top] = [view.toX(x0), view.toY(y1)];
    context.drawImage(layer.bitmap, left, top, view.toX(x1) - left, view.toY(y0) - top);
    context.globalAlpha = 1;
  },

  points(context, layer, view, theme) {
    const radius = layer.size / 2;
    const count = layer.xy.length / 2;
    context.lineWidth = 1;
    context.strokeStyle = theme.paper;
    for (let i = 0; i < count; i++) {
      context.globalAlpha = layer.alphas ? layer.alphas[i] : layer.alpha;
      context.fillStyle = colourOf(layer, i, theme);
      context.beginPath();
      context.arc(view.toX(layer.xy[2 * i]), view.toY(layer.xy[2 * i + 1]), radius, 0, 6.2832);
      context.fill();
      if (layer.outline) context.stroke();
    }
    context.globalAlpha = 1;
  },

  lines(context, layer, view, theme) {
    context.globalAlpha = layer.alpha;
    context.lineWidth = layer.width;
    context.lineJoin = context.lineCap = "round";
    context.setLineDash(layer.dash);
    eachPath(layer, (i, start, end) => {
      context.strokeStyle = colourOf(layer, i, theme);
      trace(context, layer.xy, start, end, view);
      context.stroke();
    });
    context.setLineDash([]);
    context.globalAlpha = 1;
  },

  polygons(context, layer, view, theme) {
    eachPath(layer, (i, start, end) => {
      context.globalAlpha = layer.alphas ? layer.alphas[i] : layer.alpha;
      context.fillStyle = colourOf(layer, i, theme);
      trace(context, layer.xy, start, end, view);
      context.closePath();
      context.fill();
    });
    context.globalAlpha = 1;
  },

  arrows(context, layer, view, theme) {
    context.globalAlpha = layer.alpha;
    context.lineWidth = layer.width;
    context.lineCap = "round";
    const count = layer.xy.length / 2;
    for (let i = 0; i < count; i++) {
      const [x, y] = [view.toX(layer.xy[2 * i]), view.toY(layer.xy[2 * i + 1])];
      const [dx, dy] = [layer.vector[2 * i] * view.sx, -layer.vector[2 * i + 1] * view.sy];
      const length = Math.hypot(dx, dy);
      if (!(length > 0.5)) continue;
      const head = Math.min(4 + 2 * layer.width, 0.6 * length);
      const [ux, uy] = [dx / length, dy / length];
      const [ex, ey] = [x + dx, y + dy];
      const [bx, by] = [ex - ux * head, ey - uy * head];
      context.strokeStyle = context.fillStyle = colourOf(layer, i, theme);
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(bx, by);
      context.stroke();
      context.beginPath();
      context.moveTo(ex, ey);
      context.lineTo(bx - uy * head * 0.5, by + ux * head * 0.5);
      context.lineTo(bx + uy * head * 0.5, by - ux * head * 0.5);
      context.fill();
    }
    context.globalAlpha = 1;
  },

  text(context, layer, view, theme) {
    context.font = `${layer.weight} ${layer.size}px ${theme.font}`;
    context.textAlign = layer.align;
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 4;
    context.strokeStyle = theme.paper; // a halo keeps words legible on a field
    context.fillStyle = colourOf(layer, 0, theme);
    layer.text.forEach((words, i) => {
      const [x, y] = [view.toX(layer.xy[2 * i]), view.toY(layer.xy[2 * i + 1])];
      context.strokeText(words, x, y);
      context.fillText(words, x, y);
    });
  },
};

function eachPath(layer, draw) {
  let start = 0;
  layer.lengths.forEach((length, i) => {
    if (length > 1) draw(i, start, start + length);
    start += length;
  });
}

function trace(context, xy, start, end, view) {
  context.beginPath();
  let pen = false;
  for (let i = start; i < end; i++) {
    const [x, y] = [xy[2 * i], xy[2 * i + 1]];
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      pen = false; // a gap
    } else if (pen) {
      context.lineTo(view.toX(x), view.toY(y));
    } else {
      context.moveTo(view.toX(x), view.toY(y));
      pen = true;
    }
  }
}

function listenToPointer(model, canvas, viewNow) {
  const fold = (old, fresh) =>
    model.get("pointer") === "every" && old.xy.length < 400 ? { ...fresh, xy: old.xy.concat(fresh.xy) } : fresh;
  const queue = pointerQueue(model, fold);
  let pressed = false;
  let cursor = null;
  const send = (phase, x, y) => queue.push({ kind: "pointer", phase, xy: [[x, y]] });
  const place = (event) => {
    const edges = canvas.getBoundingClientRect();
    const view = viewNow();
    return [view.fromX(event.clientX - edges.left), view.fromY(event.clientY - edges.top)];
  };
  const handlers = {
    pointerdown(event) {
      pressed = true;
      canvas.setPointerCapture(event.pointerId);
      send("down", ...place(event));
      event.preventDefault();
      canvas.focus();
    },
    pointermove(event) {
      if (pressed) send("move", ...place(event));
    },
    pointerup(event) {
      if (pressed) send("up", ...place(event));
      pressed = false;
    },
    pointercancel(event) {
      if (pressed) send("up", ...place(event));
      pressed = false;
    },
    // Arrow keys carry an unseen pen from the middle; space or Enter puts a dot there.
    keydown(event) {
      const { xlim, ylim } = viewNow();
      const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
      cursor = cursor || [(xlim[0] + xlim[1]) / 2, (ylim[0] + ylim[1]) / 2];
      if (moves[event.key]) {
        cursor[0] += (moves[event.key][0] * (xlim[1] - xlim[0])) / 40;
        cursor[1] += (moves[event.key][1] * (ylim[1] - ylim[0])) / 40;
        send("move", ...cursor);
      } else if (event.key === " " || event.key === "Enter") {
        send("down", ...cursor);
        send("up", ...cursor);
      } else {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
    },
  };
  const attach = () => {
    const on = model.get("pointer") !== "";
    canvas.classList.toggle("course-live-pen", on);
    canvas.tabIndex = on ? 0 : -1;
    for (const [name, handler] of Object.entries(handlers)) {
      canvas.removeEventListener(name, handler);
      if (on) canvas.addEventListener(name, handler);
    }
  };
  attach();
  model.on("change:pointer", attach);
  return () => {
    model.off("change:pointer", attach);
    queue.close();
  };
}

export default { render };
