"""Grade on many machines by Dask: `--scheduler tcp://host:8786`, or `--scheduler local`.

A worker needs the course with its grading and a scratch folder, nothing else: the assignment
travels with the task, the result travels back, and the one writer stays here. A worker that is
lost in mid-submission costs nothing, the scheduler gives its submission to another; a submission
that was in work when several workers were lost is put aside for a person.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import dask
from distributed import (
    Client,
    KilledWorker,
    LocalCluster,
    WorkerPlugin,
    as_completed,
    get_worker,
)

from course_admin.grading.judging.verdicts import Result
from course_admin.grading.plan import Plan, Settings, failed, task_of
from course_admin.grading.worker import Bundle, Task, Workshop

WORKERS_LOST = 3  # with one submission in work, before it is put aside
AHEAD = 4  # tasks per worker that wait at the scheduler


class Assignment(WorkerPlugin):
    """Brings an assignment to every worker, also to those that join later (a worker plugin)."""

    def __init__(self, bundle: Bundle) -> None:
        self.name = f"assignment-{bundle.fingerprint}"
        self.shop = Workshop(bundle)

    def setup(self, worker: Any) -> None:
        """Runs on a worker when it joins."""
        if not hasattr(worker, "course_shops"):
            worker.course_shops = {}
        worker.course_shops[self.shop.bundle.fingerprint] = self.shop

    def teardown(self, worker: Any) -> None:
        """Runs on a worker when it leaves."""
        self.shop.close()

    def __getstate__(self) -> Bundle:
        return self.shop.bundle

    def __setstate__(self, bundle: Bundle) -> None:
        self.__init__(bundle)


def grade_there(fingerprint: str, task: Task) -> dict[str, Any]:
    """Runs on a worker: grade one submission with this worker's fork servers."""
    return get_worker().course_shops[fingerprint].grade(task).as_dict()


@contextlib.contextmanager
def client_for(scheduler: str, workers: int) -> Iterator[Any]:
    """A Dask client: of the scheduler at an address, or of a cluster of processes here."""
    dask.config.set({"distributed.scheduler.allowed-failures": WORKERS_LOST - 1})
    if scheduler != "local":
        with Client(scheduler) as client:
            yield client
        return
    cluster = LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None,
        memory_limit=0, silence_logs=50,
    )  # fmt: skip
    with cluster, Client(cluster) as client:
        yield client


def results_from_cluster(work: Plan, settings: Settings) -> Iterator[Result]:
    """Results as they come; a few submissions per worker are on their way at a time."""
    with client_for(settings.scheduler or "local", settings.workers) as client:
        plugin = Assignment(work.bundle)
        client.register_plugin(plugin, name=plugin.name)
        mark = work.bundle.fingerprint
        waiting, names = iter(work.pending), {}
        running = as_completed()

        def submit() -> bool:
            for name in waiting:
                task = task_of(work, name)
                if isinstance(task, Result):
                    finished.append(task)
                    continue
                key = f"grade-{name}-{work.keys[name][:12]}"
                future = client.submit(grade_there, mark, task, pure=False, key=key)
                names[future.key] = name
                running.add(future)
                return True
            return False

        finished: list[Result] = []
        places = max(settings.workers, sum(client.nthreads().values())) * AHEAD
        while len(names) < places and submit():
            pass
        yield from _drain(finished)
        for future in running:
            name = names.pop(future.key)
            try:
                yield Result.from_dict(future.result())
            except Exception as error:
                yield _lost(work, name, error)
            submit()
            yield from _drain(finished)
        client.unregister_worker_plugin(plugin.name)


def _drain(finished: list[Result]) -> Iterator[Result]:
    while finished:
        yield finished.pop()


def _lost(work: Plan, name: str, error: Exception) -> Result:
    if isinstance(error, KilledWorker):
        why = f"{WORKERS_LOST} workers were lost while they graded it: put aside"
        return failed(work.bundle, name, why, "quarantined")
    return failed(work.bundle, name, f"grading failed: {type(error).__name__}: {error}")
