"""Keep a training on disk and take it up again, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

__all__ = ["Checkpoint"]


@dataclass
class Checkpoint:
    """Where training is kept, and which parts: ``{"model": model, "optimiser": adam, "noise":
    generator}``.

    A part has ``state_dict`` and ``load_state_dict`` (modules, optimisers, schedules,
    `Minibatches`) or is a `torch.Generator`. ``every`` is in seconds of training.
    The file is written beside its final place and renamed, so a crash leaves the old one whole.

    Raises: ValueError if a part has no state to save.
    """

    path: str | os.PathLike
    parts: Mapping[str, Any]
    every: float = 30.0
    saved_at: float = field(default=0.0, init=False, repr=False)

    def __post_init__(self):
        for name, part in self.parts.items():
            if not isinstance(part, torch.Generator) and not hasattr(part, "load_state_dict"):
                raise ValueError(
                    f"checkpoint part {name!r} is a {type(part).__name__}: it has no state_dict() "
                    "to save. Give a module, an optimiser, a Minibatches or a torch.Generator."
                )

    def save(self, step: int, seconds: float, samples: int) -> None:
        """Write every part and the counters, all or nothing."""
        state = {name: _state_of(part) for name, part in self.parts.items()}
        content = {"parts": state, "step": step, "seconds": seconds, "samples": samples}
        path = Path(self.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                torch.save(content, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        self.saved_at = seconds

    def load(self) -> tuple[int, float, int]:
        """Put every part back and return (step, seconds, samples); zeros when there is no file yet.

        Raises: ValueError if the file is damaged or was written for other parts.
        """
        path = Path(self.path)
        if not path.exists():
            return 0, 0.0, 0
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
            state = content["parts"]
            counters = content["step"], content["seconds"], content["samples"]
        except Exception as error:
            raise ValueError(
                f"{path} is not a checkpoint of fit(), or is damaged ({error}). "
                "Delete it to start afresh."
            ) from error
        if set(state) != set(self.parts):
            raise ValueError(
                f"{path} holds {sorted(state)}, but this training has {sorted(self.parts)}. "
                "Delete it, or use another path."
            )
        for name, part in self.parts.items():
            _restore(name, part, state[name])
        self.saved_at = counters[1]
        return counters


def _state_of(part: Any) -> Any:
    return part.get_state() if isinstance(part, torch.Generator) else part.state_dict()


def _restore(name: str, part: Any, state: Any) -> None:
    try:
        part.set_state(state) if isinstance(part, torch.Generator) else part.load_state_dict(state)
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"the checkpoint's {name!r} does not fit this one: {error}") from error
