"""Instruments for the pretext zoo: the lecture's patch questions, and a jigsaw puzzle, to play."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.lessons.pretext_zoo.figures import patch_question
from course_utils.live.canvas import Canvas
from course_utils.live.explore import pixels_of
from course_utils.live.frames import show_widget
from course_utils.live.kernel import is_live
from course_utils.plots import FAKE, GOOD, to_uint8
from course_utils.selfsup.jigsaw import put_in_order
from course_utils.selfsup.patches import NEIGHBOUR_STEPS, PatchPairs

__all__ = ["JigsawGame", "PatchQuiz"]

Tiles = Float[Tensor, "n tiles channels side side"]


class PatchQuiz:
    """Click the place where the second patch belongs; then see the answer and the network's.

    Args:
        pairs: the questions. pictures: where they were cut from; both may be sharper than what
            the network saw.
        chances: (n, 8), the network's probability of each place.

    Raises:
        ValueError: when there is no question, or the numbers differ.
    """

    def __init__(
        self,
        pairs: PatchPairs,
        pictures: Float[Tensor, "n 3 height width"],
        chances: Float[Tensor, "n 8"],
    ) -> None:
        if len(pictures) == 0 or not len(pictures) == len(pairs.labels) == len(chances):
            raise ValueError(
                f"{len(pairs.labels)} questions, {len(pictures)} pictures, {len(chances)} answers"
            )
        self.pairs, self.pictures, self.chances = pairs, pictures, chances
        self.number, self.chosen = 0, None
        self.asked = self.yours = self.networks = 0
        self.widget = None
        if is_live():
            self._build()
            show_widget(self.widget)

    def answer(self, place: int) -> bool:
        """Answers the question on the table with a place 0 to 7; returns whether it is right.

        Raises:
            ValueError: when there is no such place.
        """
        if not 0 <= place < len(NEIGHBOUR_STEPS):
            raise ValueError(f"places are 0 to 7, got {place}")
        right = place == int(self.pairs.labels[self.number])
        if self.chosen is None:
            self.asked, self.yours = self.asked + 1, self.yours + right
            self.networks += int(self.chances[self.number].argmax()) == int(
                self.pairs.labels[self.number]
            )
            self.chosen = place
            self._draw()
        return right

    def next(self) -> None:
        """Puts the next question on the table; after the last comes the first."""
        self.number, self.chosen = (self.number + 1) % len(self.pictures), None
        self._draw()

    @property
    def words(self) -> str:
        """How it stands, in one line."""
        score = f"you {self.yours} of {self.asked}, the network {self.networks} of {self.asked}"
        if self.chosen is None:
            return f"Click the place where the patch belongs. ({score})"
        right = int(self.pairs.labels[self.number])
        yes = "Right" if self.chosen == right else f"No, it is place {right + 1}"
        return f"{yes}. The blue is the network's belief. ({score})"

    def figure(self) -> Figure:
        """The question, and once it is answered the answer."""
        i = self.number
        known = self.chosen is not None
        return patch_question(
            self.pairs.centres[i],
            self.pairs.neighbours[i],
            self.chances[i] if known else None,
            int(self.pairs.labels[i]) if known else None,
            # A grey card keeps the place of the picture, so that nothing jumps at the answer.
            self.pictures[i] if known else torch.full_like(self.pictures[i], 0.88),
        )

    def _build(self) -> None:
        import ipywidgets

        first = self._paint()
        self._canvas = Canvas(*first.shape[:2], description="where does the patch belong?")
        self._canvas.show(first)
        self._canvas.on_hand(self._hand)
        self._words = ipywidgets.HTML(self.words)
        button = ipywidgets.Button(description="Next question")
        button.on_click(lambda _: self.next())
        self.widget = ipywidgets.VBox([self._canvas.widget, self._words, button])
        self.widget.add_class("course-live-controls")

    def _paint(self) -> np.ndarray:
        fig = self.figure()
        picture = pixels_of(fig, 1.0)
        self._board, self._size = fig.axes[0], picture.shape[:2]
        return picture

    def _draw(self) -> None:
        if self.widget is not None:
            self._canvas.show(self._paint())
            self._words.value = self.words

    def _hand(self, move: dict) -> None:
        if move["phase"] != "down":
            return
        height, width = self._size
        at = (move["x"] * width, height - move["y"] * width)
        right, down = np.rint(self._board.transData.inverted().transform(at)).astype(int)
        if (down, right) in NEIGHBOUR_STEPS:
            self.answer(NEIGHBOUR_STEPS.index((down, right)))


# ------------------------------------------------------------------------------ jigsaw


class JigsawGame:
    """Click two pieces to swap them; or let the network lay them.

    Args:
        tiles: the pieces of each puzzle in their right order.
        permutations: the orders that occur; ``judge`` maps shuffled tiles to one logit for each.
        generator: draws the puzzles.

    Raises:
        ValueError: when the pieces make no square, or the permutations have other lengths.
    """

    def __init__(
        self,
        judge: Callable[[Tiles], Float[Tensor, "n classes"]],
        tiles: Tiles,
        permutations: Int[Tensor, "classes tiles"],
        generator: torch.Generator,
    ) -> None:
        places = tiles.shape[1]
        self.grid = round(places**0.5)
        if self.grid**2 != places or permutations.shape[1] != places or len(tiles) == 0:
            raise ValueError(
                f"pieces {tuple(tiles.shape)} and permutations {tuple(permutations.shape)} "
                "make no square puzzle"
            )
        self.judge, self.tiles, self.permutations = judge, tiles, permutations
        self.generator = generator
        self.widget = None
        self.new()
        if is_live():
            self._build()
            show_widget(self.widget)

    def new(self) -> None:
        """Another picture, shuffled by one of the permutations."""
        self.puzzle = int(torch.randint(len(self.tiles), (1,), generator=self.generator))
        which = int(torch.randint(len(self.permutations), (1,), generator=self.generator))
        self.order = self.permutations[which].clone()
        self.held: int | None = None
        self.swaps, self.by = 0, ""
        self._shuffled = self.order.clone()
        self._draw()

    def press(self, place: int) -> None:
        """Picks the piece at a place up, or swaps it with the one picked up before.

        Raises:
            ValueError: when there is no such place.
        """
        if not 0 <= place < len(self.order):
            raise ValueError(f"places are 0 to {len(self.order) - 1}, got {place}")
        if self.held is None:
            self.held = place
        else:
            if self.held != place:
                pair = torch.tensor([self.held, place])
                self.order[pair] = self.order[pair.flip(0)]
                self.swaps, self.by = self.swaps + 1, ""
            self.held = None
        self._draw()

    @torch.no_grad()
    def ask_network(self) -> None:
        """Lays the pieces as the network believes, which may be wrong."""
        shuffled = self.tiles[self.puzzle][self._shuffled][None]
        guess = int(self.judge(shuffled)[0].argmax())
        self.order = put_in_order(self._shuffled, self.permutations[guess])
        self.held, self.by = None, ", laid by the network"
        self._draw()

    @property
    def in_place(self) -> int:
        """How many pieces lie where they belong."""
        return int((self.order == torch.arange(len(self.order))).sum())

    @property
    def words(self) -> str:
        """How it stands, in one line."""
        count = len(self.order)
        swaps = f"{self.swaps} swap" + "s" * (self.swaps != 1)
        if self.in_place == count:
            return f"Solved{self.by or f' in {swaps}'}!"
        return f"{self.in_place} of {count} pieces in place{self.by or f', {swaps}'}"

    def picture(self, scale: int | None = None, gap: int = 6) -> np.ndarray:
        """The board now, uint8 (height, width, 3); a held piece is framed.

        scale: screen pixels per pixel of a piece; left out, a piece is about 130 wide.
        """
        done = self.in_place == len(self.order)
        scale = scale or max(1, round(130 / self.tiles.shape[-1]))
        side = self.tiles.shape[-1] * scale
        step = side + gap
        board = np.full((self.grid * step + gap, self.grid * step + gap, 3), 232, np.uint8)
        frame = (np.array(to_rgb(GOOD if done else FAKE)) * 255).astype(np.uint8)
        for place, tile in enumerate(self.order.tolist()):
            row, column = divmod(place, self.grid)
            y, x = gap + row * step, gap + column * step
            if done or place == self.held:
                board[y - gap : y + side + gap, x - gap : x + side + gap] = frame
            piece = to_uint8(self.tiles[self.puzzle, tile])
            board[y : y + side, x : x + side] = piece.repeat(scale, 0).repeat(scale, 1)
        return board

    def _build(self) -> None:
        import ipywidgets

        board = self.picture()
        self._canvas = Canvas(*board.shape[:2], smooth=False, description="a jigsaw puzzle")
        self._canvas.show(board)
        self._canvas.on_hand(self._hand)
        self._words = ipywidgets.HTML(self.words)
        buttons = []
        for name, action in {"New puzzle": self.new, "Ask the network": self.ask_network}.items():
            buttons.append(ipywidgets.Button(description=name, layout={"width": "11em"}))
            buttons[-1].on_click(lambda _, action=action: action())
        rows = [self._canvas.widget, self._words, ipywidgets.HBox(buttons)]
        self.widget = ipywidgets.VBox(rows)
        self.widget.add_class("course-live-controls")

    def _draw(self) -> None:
        if self.widget is not None:
            self._canvas.show(self.picture())
            self._words.value = self.words

    def _hand(self, move: dict) -> None:
        if move["phase"] == "down":
            row, column = (min(int(move[axis] * self.grid), self.grid - 1) for axis in "yx")
            self.press(max(row, 0) * self.grid + max(column, 0))
