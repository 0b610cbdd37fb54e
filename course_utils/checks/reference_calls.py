"""An answer may not call the course's own: which folder is watched, and what ran in it."""

import sys
import threading
from pathlib import Path
from types import FrameType, ModuleType

_set_profile, _get_profile = sys.setprofile, sys.getprofile


def package_folder(lesson: ModuleType) -> str:
    """Folder of the part of the course that a lesson's module belongs to: gan, vision3d, ...

    Not of its own room alone: the answer to an exercise about fields may stand among the splats.
    """
    depth = lesson.__name__.count(".")
    return str(Path(lesson.__file__).parents[max(0, depth - 2)])


class Watch:
    """Notices every Python call into a folder, by whatever name the function is reached.

    A profile hook sees the code that runs, not the name it was imported under; it costs a
    comparison per call. `removed` says that somebody took the hook away meanwhile.
    """

    def __init__(self, folder: str) -> None:
        self.called, self.removed, self._folder = "", False, folder

    def __enter__(self) -> "Watch":
        self._before, self._threads = _get_profile(), threading.getprofile()
        self._hook = self._notice
        _set_profile(self._hook)
        threading.setprofile(self._hook)  # a thread started meanwhile is watched as well
        return self

    def __exit__(self, *_: object) -> None:
        self.removed = _get_profile() is not self._hook
        _set_profile(self._before)
        threading.setprofile(self._threads)

    def _notice(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call" and self._folder and not self.called:
            code = frame.f_code
            if code.co_filename.startswith(self._folder):
                self.called = f"{frame.f_globals.get('__name__', '')}.{code.co_qualname}"
