"""JupyterLab, opened on the first notebook."""

import contextlib
import os
import platform
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import webbrowser

from bootstrap.choices import NOTHING_ASKED
from bootstrap.environment import inside, install
from bootstrap.machine import ROOT, Problem, is_root, is_windows, say, venv_python

START = "notebooks/00_start_here.ipynb"


def lab(port, address, asked=NOTHING_ASKED):
    """Install what is missing, start JupyterLab and show the first notebook; ends with Ctrl-C.

    Raises:
        Problem: when the port is taken or the server does not come up.
    """
    check_port(port, address)
    install("lab", asked)
    check_port(port, address)  # minutes may have passed
    token = os.environ.get("JUPYTER_TOKEN") or secrets.token_hex(24)
    say(f"Starting JupyterLab on port {port} ...")
    server = subprocess.Popen(
        server_command(port, address),
        cwd=ROOT,
        env=dict(inside(), JUPYTER_TOKEN=token),
        **apart(),
    )
    _end_like_ctrl_c()
    try:
        host = "127.0.0.1" if address in ("0.0.0.0", "localhost", "*", "") else address
        wait_until_up(server, f"http://{host}:{port}", token)
        present(f"http://{host}:{port}/lab/tree/{START}?token={token}", port)
        return wait_for_end(server)
    except KeyboardInterrupt:
        say("\nStopping JupyterLab.")
        return 0
    finally:
        stop(server)


def apart():
    """Options of `Popen` by which Ctrl-C reaches us alone, and the server does not ask back."""
    if is_windows():
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def wait_for_end(server):
    """Exit status of the server; in short waits, which Ctrl-C can end on Windows too."""
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return server.wait(1)


def server_command(port, address):
    """Command line of the server; the token is not in it, where other users could read it."""
    command = [venv_python(), "-m", "jupyterlab", "--no-browser", f"--ip={address}"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", "--log-level=ERROR"]
    command += ["--LabApp.log_level=ERROR", "--LabApp.extension_manager=readonly"]
    command += [f"--ServerApp.root_dir={ROOT}", f"--ServerApp.default_url=/lab/tree/{START}"]
    return command + (["--allow-root"] if is_root() else [])


def check_port(port, address="127.0.0.1"):
    """Refuse a port that something else already listens on.

    Raises:
        Problem: when `port` is taken, or is no port.
    """
    if not 0 < port < 65536:
        raise Problem(f"PORT={port} is no port; choose a number from 1024 to 65535.")
    with contextlib.closing(socket.socket()) as probe:
        # A port that was closed a moment ago is free; on Windows the same option means another
        # thing, and would let two servers have one port.
        if not is_windows():
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("" if address == "*" else address, port))
        except OSError as error:
            other = port + 1 if 1024 <= port < 65535 else 8889
            how = f"make lab PORT={other}"
            if is_windows():
                how = f"python -m bootstrap lab --port {other}"
            raise Problem(
                f"Port {port} on {address} cannot be used: {error.strerror}. Perhaps a JupyterLab "
                f"is still running there.\nClose it, or choose another port: {how}"
            ) from None


def has_desktop(environment=None, system=None):
    """Whether a browser window can open on this machine."""
    environment = os.environ if environment is None else environment
    if environment.get("SSH_CONNECTION") or environment.get("CI"):
        return False
    if (system or platform.system()) in ("Darwin", "Windows"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def wait_until_up(server, base, token, patience=120.0):
    """Return as soon as the server answers.

    Raises:
        Problem: when it ended or stayed silent for `patience` seconds.
    """
    request = urllib.request.Request(base + "/api/status")
    request.add_header("Authorization", "token " + token)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.time() + patience
    while time.time() < deadline:
        if server.poll() is not None:
            raise Problem("JupyterLab ended at once; its message is above.")
        try:
            opener.open(request, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise Problem(f"JupyterLab did not answer within {patience:.0f} seconds.")


def present(url, port):
    """Open the browser, or print the address where there is none to open."""
    if has_desktop() and webbrowser.open(url):
        say(f"The course is open in your browser. If not, open\n\n    {url}\n")
    else:
        say(f"The course is served. Open this address in a browser:\n\n    {url}\n")
        host = socket.gethostname()
        say(f"From another machine, first: ssh -L {port}:127.0.0.1:{port} {host}")
    say("Ctrl-C here stops it.")


def stop(server):
    """End the server, and with it its kernels; kill it when it does not listen."""
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()


def _end_like_ctrl_c():
    """A closed terminal or a polite kill ends the server too."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda number, _: sys.exit(128 + number))
