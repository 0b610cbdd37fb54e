"""The bound log N - L against Gaussians of known mutual information, and its promises.

    python -m benchmarks infonce

Promised: never above the truth beyond 3 standard errors; within 5 % of it where it is below half
of log N; at log N where the truth is far above. Three seeds, the best score, one thread.
"""

import math
import time

import torch

from course_utils.selfsup.mutual_information import Estimate, estimate_bound

SEEDS = (0, 1, 2)
SIZES = (16, 64, 256, 1024)
TRUTHS = (0.5, 1.0, 2.0, 3.0, 5.0, 12.0)
DIMENSIONS = (1, 4)
PAIRS = 16_384  # a measurement
SMALLEST = 256  # candidates from which "within 5 %" is promised


def measure(dimensions: int, seed: int) -> list[Estimate]:
    """Estimates for every number of candidates and every truth."""
    generator = torch.Generator().manual_seed(seed)
    return [
        estimate_bound(truth, size, max(16, PAIRS // size), dimensions, generator)
        for size in SIZES
        for truth in TRUTHS
    ]


def report(dimensions: int, runs: list[list[Estimate]]) -> bool:
    """Print one table over the seeds; whether all three promises are kept."""
    print(f"{dimensions} dimension{'s' if dimensions > 1 else ''}: shown, mean of the seeds, nats")
    print("      truth " + "".join(f"{truth:>9g}" for truth in TRUTHS))
    columns = list(zip(*runs, strict=True))
    for row, size in enumerate(SIZES):
        cells = columns[row * len(TRUTHS) : (row + 1) * len(TRUTHS)]
        means = "".join(f"{sum(e.mean for e in cell) / len(cell):9.3f}" for cell in cells)
        print(f"N = {size:5}   {means}   log N {math.log(size):.3f}")
    every = [estimate for run in runs for estimate in run]
    above = max((e.mean - e.truth) / max(e.error, 1e-9) for e in every)
    low = [e for e in every if e.candidates >= SMALLEST and e.truth < e.ceiling / 2]
    short = max(abs(1 - e.mean / e.truth) for e in low)
    full = [e for e in every if e.truth == max(TRUTHS) and e.candidates <= 64]
    missing = max(e.ceiling - e.mean for e in full)
    print(f"highest above the truth: {above:+.2f} standard errors (promised: 3 at most)")
    print(f"farthest below half of log N, N >= {SMALLEST}: {short:.1%} (promised: 5 % at most)")
    print(f"missing to log N at {max(TRUTHS):g} nats, N <= 64: {missing:.3f} nats")
    return above <= 3 and short <= 0.05 and missing < 0.1


def main() -> None:
    """Print the tables, the time, and whether the promises are kept."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    began, kept = time.process_time(), True
    try:
        for dimensions in DIMENSIONS:
            kept &= report(dimensions, [measure(dimensions, seed) for seed in SEEDS])
    finally:
        torch.set_num_threads(before)
    print(
        f"{time.process_time() - began:.1f} s of processor time; {'kept' if kept else 'NOT KEPT'}"
    )


if __name__ == "__main__":
    main()
