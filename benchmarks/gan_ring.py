"""How long the ring takes: all 8 modes within 5 s, 90 % of the samples near within 15 s.

    python -m benchmarks gan_ring

Seconds of training on one thread, measuring left out. Processor seconds are told too: they
are what wall-clock time is on a machine that does nothing else.
"""

import platform
import time

import torch

from course_utils.gan.game import Game
from course_utils.gan.players import Settings
from course_utils.gan.toy_distributions import ring

SEEDS = (0, 1, 2, 3, 4)
BUDGETS = {"8 modes": 5.0, "90 % near": 15.0}
LONGEST = 20.0


def race(seed: int, every: int = 100) -> dict[str, tuple[int, float, float]]:
    """Rounds, wall seconds and processor seconds at which each goal was first reached."""
    game, reached = Game(ring(), Settings(seed=seed)), {}
    wall = processor = 0.0
    while processor < LONGEST and len(reached) < len(BUDGETS):
        began, began_processor = time.perf_counter(), time.process_time()
        game.step(every)
        wall += time.perf_counter() - began
        processor += time.process_time() - began_processor
        m = game.measure(2000)
        goals = {"8 modes": m.modes == 8, "90 % near": m.modes == 8 and m.near >= 0.9}
        for goal, met in goals.items():
            if met and goal not in reached:
                reached[goal] = (game.rounds, wall, processor)
    return reached


def speed(rounds: int = 400) -> float:
    """Milliseconds of processor time per round, one move of each player."""
    game = Game(ring())
    game.step(50)
    began = time.process_time()
    game.step(rounds)
    return 1000 * (time.process_time() - began) / rounds


def main() -> None:
    """Print one row per seed, and whether the budgets are kept."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        print(f"{platform.processor() or platform.machine()}, torch {torch.__version__}, 1 thread")
        print(f"one round, 256 samples for each player: {speed():.2f} ms of processor time")
        kept = True
        for seed in SEEDS:
            reached = race(seed)
            cells = []
            for goal, budget in BUDGETS.items():
                rounds, wall, processor = reached.get(goal, (0, float("inf"), float("inf")))
                kept &= processor <= budget
                cells.append(f"{goal}: {rounds:,} rounds, {processor:.1f} s ({wall:.1f} s wall)")
            print(f"seed {seed}   " + "   ".join(cells))
        goals = ", ".join(f"{goal} within {budget:.0f} s" for goal, budget in BUDGETS.items())
        print(f"{goals}: {'kept' if kept else 'NOT KEPT'}")
    finally:
        torch.set_num_threads(before)


if __name__ == "__main__":
    main()
