// A chart of values against steps. Each frame brings the whole, thinned history: nothing can get out of step.

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
  const [names, colours] = [model.get("names"), model.get("colours")];
  let steps = new Float32Array();
  let columns = names.map(() => new Float32Array());

  const take = (content, buffers) => {
    steps = floatsOf(buffers[0]);
    columns = buffers.slice(1).map(floatsOf);
  };
  const paint = () => {
    const { context, width: wide, height: high } = crisp(canvas, width, height);
    const theme = themeOf(root);
    const ylabel = model.get("ylabel");
    const box = { left: ylabel ? 76 : 54, top: 10 };
    box.width = wide - box.left - 24; // room for half of the last tick's number
    box.height = high - box.top - 52;
    const xlim = [0, Math.max(steps.length ? steps[steps.length - 1] : 0, 10)];
    const ylim = rangeOf(columns, model.get("ylim"), model.get("reference"));
    const toX = (x) => box.left + ((x - xlim[0]) / (xlim[1] - xlim[0])) * box.width;
    const toY = (y) => box.top + ((ylim[1] - y) / (ylim[1] - ylim[0])) * box.height;
    context.clearRect(0, 0, wide, high);
    context.fillStyle = theme.paper;
    context.fillRect(box.left, box.top, box.width, box.height);
    grid(context, box, ylim, toY, theme);
    context.save();
    context.beginPath();
    context.rect(box.left, box.top - 2, box.width, box.height + 4);
    context.clip();
    references(context, box, model.get("reference"), toY, theme);
    columns.forEach((column, k) => line(context, steps, column, colours[k], toX, toY));
    context.restore();
    drawAxes(context, box, theme, { xlim, ylim, xlabel: "step", ylabel, toX, toY });
    drawLegend(legend, names.map((name, k) => ({ label: labelOf(name, columns[k]), colour: colours[k], shape: "line" })));
  };
  paint();
  const undo = [receiveFrames(model, take, paint), onThemeChange(paint), onResize(canvas, paint)];
  return () => undo.forEach((stop) => stop());
}

function labelOf(name, column) {
  for (let i = column.length - 1; i >= 0; i--) {
    if (Number.isFinite(column[i])) return `${name} ${shortText(column[i])}`;
  }
  return name;
}

// Four digits or so: a count has no thousandths.
function shortText(value) {
  if (Number.isInteger(value)) return tickText(value, 0);
  return tickText(value, Math.abs(value) < 10 ? 3 : Math.abs(value) < 100 ? 2 : 1);
}

function rangeOf(columns, fixed, reference) {
  if (fixed.length) return fixed;
  let [low, high] = [Infinity, -Infinity];
  for (const column of columns) {
    for (const value of column) {
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  for (const value of Object.values(reference)) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(low <= high)) return [0, 1];
  // Values that hardly differ are not blown up: their ticks would need more digits than there is room.
  const size = Math.max(Math.abs(low), Math.abs(high)) || 1;
  const room = Math.max(0.08 * (high - low), (0.1 * size - (high - low)) / 2);
  return [low - room, high + room];
}

function grid(context, box, ylim, toY, theme) {
  context.strokeStyle = theme.faint;
  context.lineWidth = 1;
  context.beginPath();
  for (const y of ticksOf(ylim[0], ylim[1], Math.max(2, Math.min(8, box.height / 50))).values) {
    context.moveTo(box.left, Math.round(toY(y)) + 0.5);
    context.lineTo(box.left + box.width, Math.round(toY(y)) + 0.5);
  }
  context.stroke();
}

function references(context, box, reference, toY, theme) {
  context.font = `14px ${theme.font}`;
  context.textAlign = "right";
  context.fillStyle = context.strokeStyle = theme.soft;
  context.lineWidth = 1.5;
  for (const [label, value] of Object.entries(reference)) {
    context.setLineDash([5, 5]);
    context.beginPath();
    context.moveTo(box.left, toY(value));
    context.lineTo(box.left + box.width, toY(value));
    context.stroke();
    context.setLineDash([]);
    const above = toY(value) - 18 > box.top; // else the frame would cut the words
    context.textBaseline = above ? "bottom" : "top";
    context.fillText(label, box.left + box.width - 4, toY(value) + (above ? -3 : 3));
  }
}

function line(context, steps, column, colour, toX, toY) {
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = 2.2;
  context.lineJoin = "round";
  context.beginPath();
  let pen = false;
  let last = null;
  for (let i = 0; i < column.length; i++) {
    if (!Number.isFinite(column[i])) {
      pen = false;
      continue;
    }
    last = [toX(steps[i]), toY(column[i])];
    if (pen) context.lineTo(...last);
    else context.moveTo(...last);
    pen = true;
  }
  context.stroke();
  if (!last) return;
  context.beginPath();
  context.arc(...last, 3.5, 0, 6.2832);
  context.fill();
}

export default { render };
