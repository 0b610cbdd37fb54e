"""A real JupyterLab and a headless Chromium for the tests of this folder."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from bootstrap.environment import write_settings
from bootstrap.machine import is_root
from bootstrap.server import stop, wait_until_up
from bootstrap.testing import find_chromium
from tests.browser.helpers import KERNEL_READY, LOCAL, PATIENCE, WATCH, Lab, Notebook

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build" / "browser"
# No time that a test should take, only an end to one that hangs: a busy machine needs minutes.
LONGEST = 1800
# Every cell is drawn, also below the fold: a test may look at any output.
WHOLE_NOTEBOOK = '{"windowingMode": "none"}'


@pytest.fixture(scope="package")
def lab(tmp_path_factory):
    """JupyterLab on a copy of notebooks/, with settings and kernels of its own; yields `Lab`."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "course"
    shutil.copytree(ROOT / "notebooks", folder)
    settings = home / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text(WHOLE_NOTEBOOK)
    write_settings(sys.prefix)
    port, token = _free_port(), secrets.token_hex(12)
    log = home / "lab.log"
    with log.open("w") as file:
        server = subprocess.Popen(
            _command(port, folder), env=_environment(home, token), stdout=file, stderr=file
        )
    base = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(server, base, token, patience=PATIENCE)
        yield Lab(base, token, folder, log)
    finally:
        stop(server)


@pytest.fixture(scope="package")
def browser():
    """One headless Chromium for all tests of the folder."""
    path = find_chromium()
    if path is None:
        pytest.fail("no Chromium: install one, or set CHROMIUM=/path/to/chrome")
    options = ["--disable-dev-shm-usage", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    options += ["--no-sandbox"] if is_root() else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=options)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, request):
    """A fresh page; at the end no error may have been thrown on it, nor a request have left."""
    with _fresh_page(browser) as page:
        yield page
        _look_back(page, request.node)


@pytest.fixture
def open_notebook(lab, page):
    """Function `(name) -> Notebook`: opens it in JupyterLab and waits until its kernel is ready."""
    yield lambda name: _opened(lab, page, name)
    lab.shut_kernels()


@pytest.fixture(scope="module")
def shared_page(browser):
    """A page for all tests of a file, each held to what `page` is held to."""
    with _fresh_page(browser) as page:
        SHARED.append(page)
        yield page
        SHARED.remove(page)


@pytest.fixture(scope="module")
def open_shared(lab, shared_page):
    """`open_notebook` for all tests of a file."""
    yield lambda name: _opened(lab, shared_page, name)
    lab.shut_kernels()


SHARED = []


@pytest.fixture(autouse=True)
def shared_pages_without_faults(request):
    """What a test did to the page that it shares is told as its own fault."""
    yield
    for page in SHARED:
        _look_back(page, request.node)


@contextmanager
def _fresh_page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 960})
    context.set_default_timeout(1000 * PATIENCE)
    page = context.new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(f"page error: {error}"))
    page.on("websocket", lambda socket: _watch(page, socket.url))
    context.route("**/*", lambda route: _pass_local(page, route))
    yield page
    context.close()


def _look_back(page, test) -> None:
    faults, page.faults = page.faults, []
    if test.stash.get(FAILED, False) or faults:
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{test.name}.png")
    assert not faults, "\n".join(faults)


def _opened(lab, page, name: str) -> Notebook:
    # A workspace of its own: nothing of an earlier test is open in it.
    workspace = f"test-{time.time_ns()}"
    page.goto(f"{lab.base}/lab/workspaces/{workspace}/tree/{name}?token={lab.token}")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    # The toolbar shows an idle kernel before it is connected; what runs then is lost.
    page.wait_for_function(KERNEL_READY)
    page.evaluate(WATCH)
    return Notebook(page, name)


def pytest_collection_modifyitems(items):
    """The limit of every test of this folder, instead of the shorter one that others have."""
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "browser"):
            item.add_marker(pytest.mark.timeout(LONGEST), append=False)


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Lets `page` know whether its test failed, for the screenshot in build/browser/."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


def _pass_local(page, route) -> None:
    _watch(page, route.request.url)
    if route.request.url.startswith(LOCAL):
        route.continue_()
    else:
        route.abort()


def _watch(page, url: str) -> None:
    if not url.startswith(LOCAL):
        page.faults.append(f"request leaves the machine: {url}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _command(port: int, folder: Path) -> list[str]:
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}"]
    command += ["--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly"]
    return command + (["--allow-root"] if is_root() else [])


def _environment(home: Path, token: str) -> dict[str, str]:
    environment = dict(os.environ, JUPYTER_TOKEN=token, COURSE_SCALE="test")
    environment.pop("COURSE_STATIC", None)
    environment["JUPYTERLAB_SETTINGS_DIR"] = str(home / "settings")
    environment["JUPYTERLAB_WORKSPACES_DIR"] = str(home / "workspaces")
    environment["JUPYTER_CONFIG_DIR"] = str(home / "config")
    environment["JUPYTER_RUNTIME_DIR"] = str(home / "runtime")
    folder = os.path.dirname(sys.executable)
    environment["PATH"] = os.pathsep.join([folder, environment.get("PATH", os.defpath)])
    return environment
