"""Student version of a solved notebook, made by nbgrader's own `generate_assignment`."""

import logging
import runpy
import shutil
import tempfile
from pathlib import Path

import nbformat
from traitlets.config import Config

from course_admin.authoring.convert import notebook_bytes


def student_version(solution: Path, config_file: Path | None = None) -> bytes:
    """Bytes of the student notebook for the solved one: stubs, no hidden test, no output.

    nbgrader works on a copy in a temporary folder and without its database, so that making a
    release never touches a gradebook.

    Raises:
        RuntimeError: when nbgrader refuses the notebook; the message is nbgrader's.
    """
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory

    name = solution.stem
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        root = Path(folder)
        (root / "source" / name).mkdir(parents=True)
        shutil.copy(solution, root / "source" / name)
        config = _course_config(config_file)
        config.CourseDirectory.update(
            root=str(root),
            source_directory="source",
            release_directory="release",
            assignment_id=name,
        )
        config.GenerateAssignment.no_database = True
        config.SaveCells.enabled = False
        messages = _Messages()
        converter = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config)
        converter.log = messages.logger
        try:
            converter.start()
        except (Exception, SystemExit) as problem:
            detail = "\n".join(messages.lines) or str(problem)
            raise RuntimeError(f"nbgrader could not release {name}: {detail}") from problem
        released = root / "release" / name / f"{name}.ipynb"
        return notebook_bytes(nbformat.read(released, as_version=4))


def _course_config(config_file: Path | None) -> Config:
    """Settings of `nbgrader_config.py` (the stubs, for example), else nbgrader's own."""
    config = Config()
    if config_file is not None and config_file.is_file():
        runpy.run_path(str(config_file), {"c": config, "get_config": lambda: config})
    return config


class _Messages(logging.Handler):
    """Keeps nbgrader's errors for our own message, and the terminal quiet."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []
        self.logger = logging.Logger("release")
        self.logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        self.lines.append(record.getMessage())
