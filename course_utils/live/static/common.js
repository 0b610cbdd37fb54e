// Shared by every live view. A frame arrives as one message; what it changes is taken in at once,
// painted at the next animation frame, and only then acknowledged. The kernel sends the next
// one after that, so a slow browser gets fewer frames, never a queue of them. Painting may take a
// while, since a PNG is decoded beside the page: what arrives meanwhile is painted after it, so
// that an older picture never lands on a newer one.

function receiveFrames(model, take, paint) {
  let newest = null;
  let fresh = false; // something was taken in and is not painted yet
  let painting = false; // or will be at the next animation frame
  let closed = false;
  const ask = () => {
    painting = true;
    requestAnimationFrame(turn);
  };
  const turn = async () => {
    const painted = newest;
    fresh = false;
    try {
      await paint();
    } finally {
      painting = false;
      if (!closed) {
        model.send({ kind: "ack", frame: painted });
        if (fresh) ask();
      }
    }
  };
  const onMessage = (content, buffers) => {
    if (closed || !content || content.kind !== "frame") return;
    const parts = (buffers || []).map(bytesOf);
    if (!areWhole(parts, content.sizes)) return;
    take(content, parts);
    newest = content.frame;
    fresh = true;
    if (!painting) ask();
  };
  model.on("msg:custom", onMessage);
  model.send({ kind: "ready", ratio: window.devicePixelRatio || 1 });
  return () => {
    closed = true;
    model.off("msg:custom", onMessage);
  };
}

// Whether every buffer is there as it was sent. A kernel that is shutting down may fail to send a
// large one (pyzmq: "gc socket requested during shutdown"), and then the parts of its next message
// follow in its place. Nothing is lost with that frame: the kernel sends no more.
function areWhole(parts, sizes) {
  return parts.length === sizes.length && parts.every((part, i) => part.length === sizes[i]);
}

function bytesOf(view) {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

// Typed arrays need their natural alignment, which a slice of a websocket message may not have.
function floatsOf(bytes) {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
}

// A short pause, after which `act` is called; starting it anew puts that off. While it lasts the
// canvas is marked as busy: its picture is not the last one yet.
function pauseBefore(canvas, milliseconds, act) {
  let timer = null;
  const mark = (change) => {
    canvas.dataset.pauses = Number(canvas.dataset.pauses || 0) + change;
    canvas.setAttribute("aria-busy", String(canvas.dataset.pauses !== "0"));
  };
  const stop = () => {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    mark(-1);
  };
  const start = (...words) => {
    stop();
    mark(1);
    timer = setTimeout(() => {
      stop();
      act(...words);
    }, milliseconds);
  };
  return { start, stop };
}

function element(tag, className, parent) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (parent) parent.appendChild(node);
  return node;
}

// Colours of the theme in force: ink for text, faint for grids, paper behind.
function themeOf(node) {
  const style = getComputedStyle(node);
  const read = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  return {
    ink: read("--jp-ui-font-color1", "#262626"),
    soft: read("--jp-ui-font-color2", "#616161"),
    line: read("--jp-border-color1", "#bdbdbd"),
    faint: read("--jp-border-color2", "#e0e0e0"),
    paper: read("--jp-layout-color0", "#ffffff"),
    font: read("--jp-ui-font-family", "system-ui, sans-serif"),
  };
}

function onThemeChange(repaint) {
  const watcher = new MutationObserver(() => requestAnimationFrame(repaint));
  watcher.observe(document.body, {
    attributes: true,
    attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"],
  });
  return () => watcher.disconnect();
}

// One canvas pixel per screen pixel, at whatever width the page leaves. Returns a context in CSS
// pixels together with the width and height in them.
function crisp(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const shown = Math.min(canvas.clientWidth || width, width);
  const tall = (shown * height) / width;
  const [w, h] = [Math.round(shown * ratio), Math.round(tall * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const context = canvas.getContext("2d");
  context.setTransform(w / shown, 0, 0, h / tall, 0, 0);
  return { context, width: shown, height: tall };
}

function onResize(canvas, repaint) {
  let last = canvas.clientWidth;
  const watcher = new ResizeObserver(() => {
    if (canvas.clientWidth === last) return;
    last = canvas.clientWidth;
    repaint();
  });
  watcher.observe(canvas);
  return () => watcher.disconnect();
}

// Round numbers about `count` apart, and how many decimals tell them apart.
function ticksOf(low, high, count) {
  const span = high - low;
  if (!(span > 0)) return { values: [low], decimals: 2 };
  const power = Math.pow(10, Math.floor(Math.log10(span / count)));
  const step = [1, 2, 2.5, 5, 10].map((f) => f * power).find((s) => span / s <= count * 1.01) || 10 * power;
  const values = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * span; k++) values.push(k * step);
  let decimals = 0;
  while (decimals < 6 && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) decimals++;
  return { values, decimals };
}

function tickText(value, decimals) {
  const text = Math.abs(value) < 1e-12 ? (0).toFixed(decimals) : value.toFixed(decimals);
  return text.replace("-", "\u2212");
}

// Axes with ticks round a box {left, top, width, height}; toX and toY map data to CSS pixels.
function drawAxes(context, box, theme, axes) {
  const { xlim, ylim, xlabel, ylabel, toX, toY } = axes;
  const bottom = box.top + box.height;
  context.save();
  context.strokeStyle = theme.line;
  context.fillStyle = theme.soft;
  context.lineWidth = 1;
  context.font = `14px ${theme.font}`;
  context.beginPath();
  context.moveTo(box.left - 0.5, box.top);
  context.lineTo(box.left - 0.5, bottom + 0.5);
  context.lineTo(box.left + box.width, bottom + 0.5);
  const xs = ticksOf(xlim[0], xlim[1], Math.max(2, Math.min(8, box.width / 70)));
  const ys = ticksOf(ylim[0], ylim[1], Math.max(2, Math.min(8, box.height / 50)));
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const x of xs.values) {
    const at = toX(x);
    context.moveTo(at, bottom + 0.5);
    context.lineTo(at, bottom + 5);
    context.fillText(tickText(x, xs.decimals), at, bottom + 8);
  }
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const y of ys.values) {
    const at = toY(y);
    context.moveTo(box.left - 0.5, at);
    context.lineTo(box.left - 5, at);
    context.fillText(tickText(y, ys.decimals), box.left - 8, at);
  }
  context.stroke();
  context.fillStyle = theme.ink;
  if (xlabel) {
    context.textAlign = "center";
    context.textBaseline = "top";
    context.fillText(xlabel, box.left + box.width / 2, bottom + 27);
  }
  if (ylabel) {
    context.translate(14, box.top + box.height / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(ylabel, 0, 0);
  }
  context.restore();
}

function drawLegend(node, entries) {
  const key = JSON.stringify(entries);
  if (node.dataset.key === key) return;
  node.dataset.key = key;
  node.replaceChildren();
  for (const { label, colour, shape } of entries) {
    const item = element("span", "", node);
    const swatch = element("i", shape === "line" ? "course-live-line" : "", item);
    swatch.style.background = colour;
    item.appendChild(document.createTextNode(label));
  }
}

// Pointer and keyboard, one request in flight. `down` and `up` always arrive, in order; moves made
// while the kernel is busy are folded together by `fold(old, new)`.
function pointerQueue(model, fold) {
  const queue = [];
  let busy = false;
  let timer = null;
  const next = () => {
    clearTimeout(timer);
    busy = queue.length > 0;
    if (!busy) return;
    model.send(queue.shift());
    timer = setTimeout(next, 3000); // the kernel may have been restarted
  };
  const onMessage = (content) => {
    if (content && content.kind === "handled") next();
  };
  model.on("msg:custom", onMessage);
  return {
    push(message) {
      const last = queue[queue.length - 1];
      if (last && last.phase === message.phase && message.phase === "move") {
        queue[queue.length - 1] = fold(last, message);
      } else {
        queue.push(message);
      }
      if (!busy) next();
    },
    close() {
      clearTimeout(timer);
      model.off("msg:custom", onMessage);
    },
  };
}
