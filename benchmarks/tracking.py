"""Masks carried by a network that only learned to colour, against identity and random features.

On clips of the toy world, by frame distance, over seeds. With a film given, as the argument or in
the environment variable COURSE_BENCH_FILM, also there: trained on the film itself, whose first
mask is given and whose other masks are only used to judge. A film is an .npz with ``frames``
(n, height, width, 3) uint8, and ``masks``, bits packed by ``numpy.packbits`` with ``mask_shape``.

Identity is the first mask left where it was, at the full resolution of the film. Random features
are those of the same network before training, with the same settings.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from course_utils.core import steps
from course_utils.core.encoders import settle_batch_statistics
from course_utils.core.training import fit
from course_utils.data import toy
from course_utils.selfsup import pointers, tracking

WORLD = {
    "size": 96,
    "backdrop": "pattern",
    "speed": 3.0,
    "camera_speed": 3.0,
    "objects": 2,
    "kinds": ("car", "duck", "boat", "mushroom", "snowman", "aeroplane", "house"),
}  # fmt: skip
FRAMES = 6
SETTINGS = tracking.TrackingSettings(memory=4, radius=3, top=9, temperature=0.5)
Encoder = Callable[[Tensor], Tensor]


def new_encoder(seed: int, frames: Tensor) -> pointers.PointerEncoder:
    """An untrained encoder with the batch statistics of the frames, so that it may compete."""
    torch.manual_seed(seed)
    encoder = pointers.PointerEncoder(width=16, features=32, stride=4)
    settle_batch_statistics(encoder, frames)
    return encoder.eval()


def trained(encoder: pointers.PointerEncoder, clips: Iterator[Tensor], palette: Tensor, count: int):
    """Trains the encoder in place for so many steps, and returns it in evaluation mode."""
    encoder.train()
    optimiser, schedule = steps.one_cycle([encoder], count)
    fast = steps.fast_precision(encoder)
    step = steps.gradient_step(
        lambda batch: pointers.pointing_losses(fast, batch, palette), optimiser, schedule
    )
    begin = time.process_time()
    *_, last = fit(step, clips, steps=count)
    spent = time.process_time() - begin
    print(f"    {count} steps, loss {last.values['loss']:.3f}, {spent:.0f} CPU-seconds", flush=True)
    return encoder.eval()


def pairs(clips: Tensor, gaps: tuple[int, int], size: int, dice: torch.Generator):
    """Batches of two frames of one clip, the later one to be coloured from the earlier."""
    while True:
        chosen = torch.randint(len(clips), (size,), generator=dice)
        gap = int(torch.randint(gaps[0], gaps[1] + 1, (), generator=dice))
        end = torch.randint(gap, clips.shape[1], (size,), generator=dice)
        yield torch.stack([clips[chosen, end - gap], clips[chosen, end]], dim=1)


@torch.no_grad()
def similarity(encoder: Encoder, clips: Tensor, masks: Tensor) -> Tensor:
    """J by frame distance, mean over clips."""
    found = [
        tracking.propagate_mask(encoder(clip), mask[0], SETTINGS)
        for clip, mask in zip(clips, masks, strict=True)
    ]
    return tracking.region_similarity(torch.stack(found), masks).mean(dim=0)


def identity(masks: Tensor) -> Tensor:
    """J of the first mask left where it was, at full resolution."""
    return tracking.region_similarity(masks[:, :1].expand_as(masks), masks).mean(dim=0)


def table(rows: dict[str, Tensor], frames: list[int]) -> None:
    """One line a method: J in % at some frame distances, mean +- deviation over seeds."""
    print(f"    {'frames later':18s}" + "".join(f"{t:>12d}" for t in frames))
    for name, values in rows.items():
        spread = values.std(dim=0) if len(values) > 1 else torch.zeros(values.shape[1])
        cells = (f"{100 * values.mean(0)[t]:6.1f} +-{100 * spread[t]:4.1f}" for t in frames)
        print(f"    {name:18s}" + "".join(f"{cell:>12s}" for cell in cells))


def on_toy_clips(seeds: int, count: int, tested: int) -> bool:
    """Trains and tests in the toy world; whether every seed wins at every distance."""
    clips = toy.make_clips(80, FRAMES, seed=1, **WORLD).images
    test = toy.make_clips(tested, FRAMES, seed=2, **WORLD)
    masks = test.instance == 0
    palette = pointers.palette_of(clips[:40].flatten(0, 1), generator=_dice(0))
    before, after = [], []
    for seed in range(seeds):
        encoder = new_encoder(seed, clips[:20].flatten(0, 1))
        before.append(similarity(encoder, test.images, masks))
        trained(encoder, pairs(clips, (1, 2), 8, _dice(seed)), palette, count)
        after.append(similarity(encoder, test.images, masks))
    rows = {"trained": torch.stack(after), "random features": torch.stack(before)}
    rows["identity"] = identity(masks)[None]
    table(rows, list(range(1, FRAMES)))
    worst, least = rows["trained"].amin(0)[1:], []
    for rival in ("identity", "random features"):
        margin = 100 * (worst - rows[rival].amax(0)[1:])
        least.append(margin.min())
        print(f"    worst seed minus {rival}: {[f'{points:+.1f}' for points in margin.tolist()]}")
    return bool(min(least) > 0)


def on_film(path: str, seeds: int, count: int, later: int = 10) -> bool:
    """Trains on a film without its masks, and carries the first one; whether it beats identity."""
    frames, masks = load_film(path)
    palette = pointers.palette_of(frames, generator=_dice(0))
    before, after = [], []
    for seed in range(seeds):
        encoder = new_encoder(seed, frames)
        before.append(similarity(encoder, frames[None], masks[None]))
        trained(encoder, pairs(frames[None], (1, 4), 4, _dice(seed)), palette, count)
        after.append(similarity(encoder, frames[None], masks[None]))
    rows = {"trained": torch.stack(after), "random features": torch.stack(before)}
    rows["identity"] = identity(masks[None])[None]
    table(rows, [t for t in (1, 2, 5, later, 20, 30) if t < len(frames)])
    margin = rows["trained"][:, later].min() - rows["identity"][0, later]
    print(f"    {later} frames later: worst seed minus identity {100 * margin:+.1f} points of J")
    return bool(margin > 0)


def load_film(path: str) -> tuple[Tensor, Tensor]:
    """Frames (n, 3, height, width) in [0, 1] and masks (n, height, width), cut to whole cells."""
    with np.load(path) as film:
        frames = torch.from_numpy(film["frames"]).permute(0, 3, 1, 2).float() / 255
        shape = tuple(film["mask_shape"])
        bits = np.unpackbits(film["masks"], count=int(np.prod(shape)))
    masks = torch.from_numpy(bits.reshape(shape)).bool()
    height, width = (side // 4 * 4 for side in masks.shape[1:])
    return frames[..., :height, :width], masks[..., :height, :width]


def _dice(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def main(arguments: list[str] | None = None) -> bool:
    """Prints the tables; returns whether every comparison was won."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", nargs="?", default=os.environ.get("COURSE_BENCH_FILM"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--film-only", action="store_true")
    options = parser.parse_args(arguments or [])
    torch.set_num_threads(1)  # networks this small are fastest on one core
    won = True
    if not options.film_only:
        print(f"  toy clips, {options.seeds} seeds, J in %")
        won = on_toy_clips(options.seeds, options.steps, tested=12)
    if options.path:
        print(f"  {os.path.basename(options.path)}, {options.seeds} seeds, J in %")
        won = on_film(options.path, options.seeds, options.steps) and won
    print(f"  above the rivals wherever it must be: {'yes' if won else 'NO'}")
    return won


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
