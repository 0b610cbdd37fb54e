// Scenes that turn together. This has no picture of its own: it finds plotly's drawing by its name,
// whenever a pointer comes to it, and gives the camera of the scene that is being turned to all
// others. When the kernel ends it lets go, and each turns alone.

const EVENTS = ["plotly_relayouting", "plotly_relayout"];

function scenesOf(plot) {
  return Object.keys(plot.layout).filter((key) => /^scene\d*$/.test(key));
}

// Once per animation frame: a mouse may move more often.
function follower(plot) {
  let newest = null;
  let following = false;
  return (change) => {
    const cameras = Object.entries(change || {}).filter(([key]) => /^scene\d*\.camera$/.test(key));
    if (following || cameras.length !== 1) return;
    const waiting = newest !== null;
    newest = cameras[0][1];
    if (waiting) return;
    requestAnimationFrame(async () => {
      const camera = newest;
      newest = null;
      following = true;
      // The turned scene is among them, or it would jump back to where it was.
      const all = scenesOf(plot).map((scene) => [`${scene}.camera`, structuredClone(camera)]);
      try {
        await window.Plotly.relayout(plot, Object.fromEntries(all));
      } finally {
        following = false;
      }
    });
  };
}

function initialize({ model }) {
  const followers = new Map();
  const arrive = (event) => {
    const plot = event.target.closest?.(".js-plotly-plot");
    if (!plot || followers.has(plot) || plot.layout?.meta?.name !== model.get("name")) return;
    if (!window.Plotly) return;
    const follow = follower(plot);
    for (const name of EVENTS) plot.on(name, follow);
    followers.set(plot, follow);
  };
  document.addEventListener("pointerover", arrive, true);
  return () => {
    document.removeEventListener("pointerover", arrive, true);
    for (const [plot, follow] of followers) {
      for (const name of EVENTS) plot.removeListener(name, follow);
    }
  };
}

export default { initialize };
