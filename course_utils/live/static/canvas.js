// A picture from the kernel: raw RGB bytes when small, PNG when large; and the hand that turns it.

function render({ model, el }) {
  const root = element("div", "course-live", el);
  const canvas = element("canvas", "course-live-picture", root);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", model.get("description"));
  canvas.style.width = `${model.get("width")}px`;
  canvas.style.aspectRatio = `${model.get("width")} / ${model.get("height")}`;
  canvas.style.imageRendering = model.get("smooth") ? "auto" : "pixelated";
  const hint = model.get("hint");
  if (hint) element("div", "course-live-note", root).textContent = hint;
  let frame = null;
  const settle = pauseBefore(canvas, 250, () => model.send({ kind: "settled" }));
  let open = true;

  const take = (content, buffers) => {
    frame = { ...content, bytes: buffers[0] };
  };
  const paint = async () => {
    const { bytes, shape, format, draft } = frame;
    const image = format === "png" ? await decoded(bytes) : imageOf(bytes, shape);
    if (!open) return; // the view was taken away meanwhile
    if (canvas.width !== shape[1] || canvas.height !== shape[0]) {
      [canvas.width, canvas.height] = [shape[1], shape[0]];
      canvas.style.aspectRatio = `${shape[1]} / ${shape[0]}`;
    }
    const context = canvas.getContext("2d");
    if (format === "png") context.drawImage(image, 0, 0);
    else context.putImageData(image, 0, 0);
    if (image.close) image.close(); // a bitmap would keep its memory until it is collected
    if (draft) settle.start(); // no newer draft for a moment: ask for the sharp picture
    else settle.stop();
  };
  const undo = [receiveFrames(model, take, paint), listenToHand(model, canvas)];
  return () => {
    open = false;
    settle.stop();
    undo.forEach((stop) => stop());
  };
}

// A bitmap is decoded beside the page, from bytes that the browser first puts into its storage of
// blobs. Where that is full, or its memory is, it says that the image could not be decoded, although
// nothing is wrong with it: then the page itself decodes the bytes.
async function decoded(bytes) {
  try {
    return await createImageBitmap(new Blob([bytes]));
  } catch {
    return decodedByPage(bytes);
  }
}

function decodedByPage(bytes) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error(`a picture of ${bytes.length} bytes cannot be decoded`));
    image.src = `data:image/png;base64,${base64Of(bytes)}`;
  });
}

function base64Of(bytes) {
  let text = "";
  const part = 32768; // more arguments than that are too many for one call
  for (let i = 0; i < bytes.length; i += part) text += String.fromCharCode(...bytes.subarray(i, i + part));
  return btoa(text);
}

function imageOf(bytes, [rows, columns]) {
  const image = new ImageData(columns, rows);
  const target = image.data;
  for (let i = 0, j = 0; i < bytes.length; i += 3, j += 4) {
    target[j] = bytes[i];
    target[j + 1] = bytes[i + 1];
    target[j + 2] = bytes[i + 2];
    target[j + 3] = 255;
  }
  return image;
}

// Movements are in picture widths: dx to the right, dy down, zoom in doublings.
function listenToHand(model, canvas) {
  const fold = (old, fresh) => ({
    ...fresh,
    dx: old.dx + fresh.dx,
    dy: old.dy + fresh.dy,
    zoom: old.zoom + fresh.zoom,
  });
  const queue = pointerQueue(model, fold);
  let last = null;
  const place = (event) => {
    const edges = canvas.getBoundingClientRect();
    return [(event.clientX - edges.left) / edges.width, (event.clientY - edges.top) / edges.width];
  };
  const send = (phase, at, dx = 0, dy = 0, zoom = 0) =>
    queue.push({ kind: "hand", phase, x: at[0], y: at[1], dx, dy, zoom });
  const rest = pauseBefore(canvas, 200, (at) => send("up", at)); // wheel and keys have no "up"
  const handlers = {
    pointerdown(event) {
      last = place(event);
      canvas.setPointerCapture(event.pointerId);
      rest.stop();
      send("down", last);
      event.preventDefault();
      canvas.focus();
    },
    pointermove(event) {
      if (!last) {
        if (model.get("pointer") === "hover") send("move", place(event));
        return;
      }
      const at = place(event);
      send("move", at, at[0] - last[0], at[1] - last[1]);
      last = at;
    },
    pointerup(event) {
      if (last) send("up", place(event));
      last = null;
    },
    pointercancel(event) {
      if (last) send("up", place(event));
      last = null;
    },
    wheel(event) {
      const at = place(event);
      const turn = event.deltaMode === 0 ? event.deltaY / 300 : event.deltaY / 10;
      send("move", at, 0, 0, Math.max(-1, Math.min(1, -turn)));
      rest.start(at);
      event.preventDefault();
    },
    keydown(event) {
      const moves = {
        ArrowLeft: [-0.03, 0, 0], ArrowRight: [0.03, 0, 0], ArrowUp: [0, -0.03, 0], ArrowDown: [0, 0.03, 0],
        "+": [0, 0, 0.15], "=": [0, 0, 0.15], "-": [0, 0, -0.15],
      };
      const move = moves[event.key];
      if (!move) return;
      send("move", [0.5, 0.5], ...move);
      rest.start([0.5, 0.5]);
      event.preventDefault();
      event.stopPropagation();
    },
  };
  const attach = () => {
    const on = model.get("pointer") !== "";
    canvas.classList.toggle("course-live-hand", on);
    canvas.tabIndex = on ? 0 : -1;
    for (const [name, handler] of Object.entries(handlers)) {
      canvas.removeEventListener(name, handler);
      if (on) canvas.addEventListener(name, handler, { passive: false });
    }
  };
  attach();
  model.on("change:pointer", attach);
  return () => {
    rest.stop();
    model.off("change:pointer", attach);
    queue.close();
  };
}

export default { render };
