"""Where to keep things when there is no home folder, or none that can be written.

Used before anything is installed, too: it must stay readable by Python 3.6.
"""

import functools
import os
import stat
import sys
import tempfile


def can_write(folder):
    """Whether files can be put into a folder, which is made if need be."""
    try:
        os.makedirs(folder, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def writable_home():
    """The user's home folder, or `private_folder` where there is none or it cannot be written."""
    home = os.path.expanduser("~")  # stays "~" for a user whom the system does not know
    return home if os.path.isdir(home) and can_write(home) else private_folder()


@functools.lru_cache(None)
def private_folder():
    """Path of a folder of this user's alone among the temporary files; says once that it is used.

    Others may write beside it, and compiled code is run from it: one that is not ours, or that
    others can look into, is left alone, and a new one made.
    """
    user = os.getuid() if hasattr(os, "getuid") else None  # on Windows all of TEMP is the user's
    name = "course_kit" if user is None else "course_kit-{}".format(user)
    folder = os.path.join(tempfile.gettempdir(), name)
    with_others = 0 if user is None else stat.S_IRWXG | stat.S_IRWXO
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        about = os.lstat(folder)
        ours = user in (None, about.st_uid) and not about.st_mode & with_others
        if not (ours and stat.S_ISDIR(about.st_mode)):
            folder = tempfile.mkdtemp(prefix="course_kit-")
    print(
        "Your home folder cannot be written: what the course would keep there goes to {}. Other "
        "places can be named by COURSE_CACHE (pictures) and NUMBA_CACHE_DIR (compiled "
        "code).".format(folder),
        file=sys.stderr,
    )
    return folder
