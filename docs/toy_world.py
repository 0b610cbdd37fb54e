"""Draws the README's picture of the toy world: python docs/toy_world.py."""

from pathlib import Path

import matplotlib
import torch
from PIL import Image
from torch import Tensor

from course_utils.data import toy

GAP = 6
SIDE = 118


def row(pictures: list[Tensor]) -> Tensor:
    """Pictures (h, w, 3) side by side, with white gaps."""
    white = torch.ones(pictures[0].shape[0], GAP, 3)
    parts = [part for picture in pictures for part in (picture, white)]
    return torch.cat(parts[:-1], dim=1)


def contact_sheet(seed: int) -> list[Tensor]:
    """Two rows of ten objects."""
    generator = torch.Generator().manual_seed(seed)
    scenes = toy.sample_scenes(20, generator=generator)
    cameras = toy.sample_cameras(scenes, generator=generator, size=SIDE)
    images = list(toy.render_image(scenes, cameras).permute(0, 2, 3, 1))
    return [row(images[:10]), row(images[10:])]


def truths(seed: int) -> Tensor:
    """One scene: its picture, depth, normals, objects and parts."""
    generator = torch.Generator().manual_seed(seed)
    kinds = ("house", "car", "duck", "snowman", "tree")
    scenes = toy.sample_scenes(1, generator=generator, objects=4, clutter=1, kinds=kinds)
    cameras = toy.sample_cameras(scenes, generator=generator, size=2 * SIDE + GAP)
    seen = toy.render(scenes, cameras)
    return row(
        [
            seen.image[0].permute(1, 2, 0),
            coloured_depth(seen.depth[0]),
            (seen.normal[0].permute(1, 2, 0) / 2 + 0.5).clamp(0, 1),
            coloured_labels(seen.instance[0], "tab10"),
            coloured_labels(seen.part[0], "tab20"),
        ]
    )


def coloured_depth(depth: Tensor) -> Tensor:
    """Near is bright; the sky and what is far are dark."""
    near, far = depth[depth.isfinite()].quantile(torch.tensor([0.02, 0.8]))
    share = ((depth - near) / (far - near)).nan_to_num(1.0).clamp(0, 1)
    return torch.from_numpy(matplotlib.colormaps["viridis_r"](share.numpy())[..., :3]).float()


def coloured_labels(labels: Tensor, name: str) -> Tensor:
    """A colour for each label, light grey where there is none."""
    palette = torch.tensor(matplotlib.colormaps[name].colors)
    colours = palette[labels.clamp(min=0) % len(palette)]
    return torch.where((labels >= 0)[..., None], colours, torch.tensor(0.93))


if __name__ == "__main__":
    rows = [*contact_sheet(seed=7), truths(seed=35)]
    white = torch.ones(GAP, rows[0].shape[1], 3)
    picture = torch.cat([rows[0], white, rows[1], white, rows[2]])
    place = Path(__file__).with_name("toy_world.png")
    Image.fromarray((picture * 255).byte().numpy()).save(place, optimize=True)
    print(f"{place.name}: {tuple(picture.shape)}, {place.stat().st_size / 1e3:.0f} kB")
