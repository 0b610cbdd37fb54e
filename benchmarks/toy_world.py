"""How many pictures of the toy world a second: sampled and rendered, compiled against plain.

"wall" is what one waits, "CPU" the processor time of all threads, which a busy machine does
not change. The compiled renderer is warmed first; its compilation is timed by itself.
"""

import time

import torch

from course_utils.data import toy


def seconds(work) -> tuple[float, float, object]:
    """Wall-clock and processor seconds of a call, and what it returns."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - wall, time.process_time() - cpu, result


def sampled(count: int, size: int):
    """Scenes and cameras of ``count`` pictures."""
    return toy.all_toy_scenes(count, size=size, seed=0)


def measure(count: int, size: int, backend: str, device: str = "cpu") -> None:
    """Print one line: pictures per second, and the time for ten thousand."""
    sampling, sampling_cpu, (scenes, camera) = seconds(lambda: sampled(count, size))
    scenes = scenes.to(device)

    def draw():
        image = toy.render_image(scenes, camera, backend=backend)
        return float(image.mean())  # waits for a GPU

    toy.render_image(scenes[:2], camera[:2], backend=backend)
    wall, cpu, _ = seconds(draw)
    total, total_cpu = sampling + wall, sampling_cpu + cpu
    print(
        f"{backend:6} {device:5} {size:4}²  {count / total:8.0f} pictures/s"
        f"   10,000 take {1e4 / count * total:7.1f} s wall, {1e4 / count * total_cpu:7.1f} s CPU"
        f"   (sampling {1e4 / count * sampling_cpu:.1f} s)",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    wall, cpu, _ = seconds(toy.warm_up)
    print(f"compiling or loading the compiled renderer: {wall:.1f} s wall, {cpu:.1f} s CPU")
    measure(2000, 32, "numba")
    measure(200, 128, "numba")
    measure(4, 32, "torch")
    if torch.cuda.is_available():
        measure(2000, 32, "torch", "cuda")
        measure(200, 128, "torch", "cuda")


if __name__ == "__main__":
    main()
