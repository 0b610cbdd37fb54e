"""Random views per CPU-second: this course on a batch, torchvision v2 picture by picture.

Both draw the same distribution (crop and resize, flip, colour jitter, greyscale); torchvision
on a whole batch would be faster, but draws one set of parameters for all of its pictures.
"""

import time
from collections.abc import Callable

import torch
from torch import Tensor
from torchvision.transforms import v2

from course_utils.selfsup import views

TARGET = 20.0


def peer(recipe: views.ViewRecipe, size: int) -> Callable[[Tensor], Tensor]:
    """The same recipe as torchvision's transform of one picture."""
    jitter = v2.ColorJitter(recipe.brightness, recipe.contrast, recipe.saturation, recipe.hue)
    return v2.Compose(
        [
            v2.RandomResizedCrop(size, scale=recipe.area, ratio=recipe.ratio),
            v2.RandomHorizontalFlip(recipe.flip),
            v2.RandomApply([jitter], p=recipe.jitter),
            v2.RandomGrayscale(recipe.grey),
        ]
    )


def rate(function: Callable[[], int], seconds: float) -> float:
    """Views per CPU-second of all threads together, after one unmeasured call."""
    function()
    begin, count = time.process_time(), 0
    while time.process_time() - begin < seconds:
        count += function()
    return count / (time.process_time() - begin)


def main(batch: int = 256, size: int = 32, seconds: float = 2.0) -> float:
    """Prints both rates, measured alternately in one run, and returns their ratio."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    recipe = views.ViewRecipe()
    images = torch.rand(batch, 3, size, size)
    transform = peer(recipe, size)

    def ours() -> int:
        return len(views.random_views(images, recipe))

    def theirs() -> int:
        return len([transform(image) for image in images[:64]])

    rounds = [(rate(ours, seconds), rate(theirs, seconds)) for _ in range(3)]
    torch.set_num_threads(threads)
    fast, slow = (sorted(column)[1] for column in zip(*rounds, strict=True))
    print(f"views of {size} x {size} pictures per CPU-second, median of {len(rounds)} rounds")
    print(f"  course, batches of {batch}:        {fast:9,.0f}")
    print(f"  torchvision v2, one by one:    {slow:9,.0f}")
    print(f"  ratio {fast / slow:.1f} (target at least {TARGET:.0f})")
    return fast / slow


if __name__ == "__main__":
    main()
