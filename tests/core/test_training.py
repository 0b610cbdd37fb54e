"""fit, its budgets, its checkpoints: against a plain loop, bit for bit."""

import os
import signal
import threading

import pytest
import torch

from course_utils.core import training
from course_utils.core.progress import progress_line
from course_utils.core.training import Checkpoint, Minibatches, Record, fit, progress

X = torch.randn(96, 3, generator=torch.Generator().manual_seed(0))
Y = X @ torch.tensor([1.0, -2.0, 0.5])


class Regression:
    """A small training whose every random number comes from its own generator."""

    def __init__(self, seed=1):
        self.noise = torch.Generator().manual_seed(seed)
        self.model = torch.nn.Linear(3, 1)
        with torch.no_grad():
            self.model.weight.normal_(generator=self.noise)
            self.model.bias.zero_()
        self.adam = torch.optim.Adam(self.model.parameters(), 0.05)
        self.batches = Minibatches((X, Y), 20, torch.Generator().manual_seed(seed))

    def step(self, batch):
        x, y = batch
        x = x + 0.1 * torch.randn(x.shape, generator=self.noise)
        loss = ((self.model(x)[:, 0] - y) ** 2).mean()
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        return {"loss": loss}

    def checkpoint(self, path, **options):
        parts = {"model": self.model, "adam": self.adam, "noise": self.noise}
        return Checkpoint(path, {**parts, "batches": self.batches}, **options)

    def weights(self):
        return torch.cat([p.detach().flatten() for p in self.model.parameters()])


def test_fit_is_the_plain_loop():
    ours, plain = Regression(), Regression()
    records = list(fit(ours.step, ours.batches, steps=12))
    source = iter(plain.batches)
    losses = [float(plain.step(next(source))["loss"].detach()) for _ in range(12)]
    assert [r.values["loss"] for r in records] == losses
    assert torch.equal(ours.weights(), plain.weights())
    assert [r.step for r in records] == list(range(1, 13))
    assert [r.samples for r in records] == list(range(20, 241, 20))
    assert records[-1].left == 0


@pytest.mark.parametrize("cut", [1, 3, 4, 7])
def test_resuming_continues_bit_for_bit(tmp_path, cut):
    whole = Regression()
    straight = list(fit(whole.step, whole.batches, steps=12))
    first = Regression()
    head = list(
        fit(first.step, first.batches, steps=cut, checkpoint=first.checkpoint(tmp_path / "c"))
    )
    second = Regression(seed=99)  # everything of it must come from the file
    tail = list(
        fit(second.step, second.batches, steps=12, checkpoint=second.checkpoint(tmp_path / "c"))
    )
    assert [(r.step, r.values, r.samples) for r in head + tail] == [
        (r.step, r.values, r.samples) for r in straight
    ]
    assert torch.equal(second.weights(), whole.weights())
    assert tail[0].seconds >= head[-1].seconds


def test_a_finished_training_trains_no_more(tmp_path, capsys):
    job = Regression()
    list(fit(job.step, job.batches, steps=5, checkpoint=job.checkpoint(tmp_path / "c")))
    again = Regression()
    records = progress(
        fit(again.step, again.batches, steps=5, checkpoint=again.checkpoint(tmp_path / "c"))
    )
    assert records == []
    assert "nothing to train" in capsys.readouterr().out
    assert torch.equal(again.weights(), job.weights())


def test_leaving_the_loop_early_saves(tmp_path):
    job = Regression()
    for record in fit(job.step, job.batches, steps=50, checkpoint=job.checkpoint(tmp_path / "c")):
        if record.step == 4:
            break
    assert torch.load(tmp_path / "c")["step"] == 4


def test_an_error_in_a_step_saves_no_torn_state(tmp_path):
    job = Regression()

    def step(batch):
        values = job.step(batch)
        if job.adam.state[job.model.weight]["step"] == 6:
            raise ArithmeticError("the loss is not finite")
        return values

    with pytest.raises(ArithmeticError):
        list(fit(step, job.batches, steps=50, checkpoint=job.checkpoint(tmp_path / "c", every=0.0)))
    saved = torch.load(tmp_path / "c")
    moved = {int(each["step"]) for each in saved["parts"]["adam"]["state"].values()}
    assert (saved["step"], moved) == (5, {5})


def test_a_crash_while_saving_leaves_the_old_file(tmp_path, monkeypatch):
    job = Regression()
    checkpoint = job.checkpoint(tmp_path / "c")
    checkpoint.save(3, 1.0, 60)
    before = (tmp_path / "c").read_bytes()

    def torn(content, file):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", torn)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save(4, 2.0, 80)
    assert (tmp_path / "c").read_bytes() == before
    assert os.listdir(tmp_path) == ["c"]


@pytest.mark.parametrize("content", [b"", b"not a checkpoint"])
def test_a_damaged_checkpoint_is_named(tmp_path, content):
    (tmp_path / "c").write_bytes(content)
    job = Regression()
    with pytest.raises(ValueError, match="damaged"):
        list(fit(job.step, job.batches, steps=2, checkpoint=job.checkpoint(tmp_path / "c")))


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    job = Regression()
    Checkpoint(tmp_path / "c", {"model": job.model}).save(1, 1.0, 1)
    with pytest.raises(ValueError, match="this training has"):
        job.checkpoint(tmp_path / "c").load()
    Checkpoint(tmp_path / "d", {"model": torch.nn.Linear(4, 4)}).save(1, 1.0, 1)
    with pytest.raises(ValueError, match="'model' does not fit"):
        Checkpoint(tmp_path / "d", {"model": job.model}).load()
    with pytest.raises(ValueError, match="no state_dict"):
        Checkpoint(tmp_path / "e", {"model": 3})


@pytest.fixture
def clock(monkeypatch):
    """Stands for the module `time` in a training: time passes when the test says so."""

    class Clock:
        now = 0.0

        def perf_counter(self):
            return self.now

    found = Clock()
    monkeypatch.setattr(training, "time", found)
    return found


def test_budgets_end_it(clock):
    def slow(batch):
        clock.now += 0.0625
        return {"loss": 1.0}

    endless = iter(int, 1)
    records = list(fit(slow, endless, seconds=0.5))
    assert len(records) == 8
    assert records[0].left == 0.4375 and records[-1].left == 0
    assert len(list(fit(slow, endless, seconds=60, steps=3))) == 3
    assert len(list(fit(slow, range(4)))) == 4
    nearer = list(fit(slow, endless, seconds=60, steps=3))
    assert [record.left for record in nearer] == [0.125, 0.0625, 0]  # the nearer budget counts


def test_time_left_after_resuming_goes_by_the_speed_of_now(tmp_path, clock):
    first, second = Regression(), Regression()
    list(fit(first.step, first.batches, steps=20, checkpoint=first.checkpoint(tmp_path / "c")))

    def slow(batch):
        clock.now += 0.05
        return second.step(batch)

    kept = second.checkpoint(tmp_path / "c")
    record = next(iter(fit(slow, second.batches, steps=30, checkpoint=kept)))
    assert record.step == 21 and record.left == pytest.approx(9 * 0.05)


def test_only_time_in_the_loop_counts(clock):
    def quick(batch):
        clock.now += 0.25
        return {"loss": 0.0}

    records = []
    for record in fit(quick, iter(int, 1), seconds=2.0):
        records.append(record)
        clock.now += 1.0
    assert len(records) == 8


def test_stop_ends_after_the_running_step():
    stop, seen = threading.Event(), []

    def step(batch):
        seen.append(batch)
        if batch == 3:
            stop.set()
        return {"loss": 0.0}

    assert len(list(fit(step, range(100), stop=stop))) == 4
    assert seen == [0, 1, 2, 3]


@pytest.fixture
def interruptible():
    """Python's own handler for Ctrl-C, which a process started in the background does not have."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_waits_for_the_step_and_saves(tmp_path, interruptible):
    job = Regression()

    def step(batch):
        if job.adam.state and job.adam.state[job.model.weight]["step"] == 2:
            signal.raise_signal(signal.SIGINT)
        return job.step(batch)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        list(fit(step, job.batches, steps=50, checkpoint=job.checkpoint(tmp_path / "c")))
    assert torch.load(tmp_path / "c")["step"] == 3
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_interrupt_does_not_wait(interruptible):
    reached = []

    def step(batch):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        reached.append(batch)
        return {"loss": 0.0}

    with pytest.raises(KeyboardInterrupt):
        list(fit(step, range(3)))
    assert reached == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seconds": 0}, "seconds must be positive"),
        ({"seconds": float("nan")}, "seconds must be positive"),
        ({"steps": 0}, "steps must be at least 1"),
        ({}, "never end"),
    ],
)
def test_bad_budgets_are_refused_at_once(options, words):
    job = Regression()
    with pytest.raises(ValueError, match=words):
        fit(job.step, job.batches, **options)


@pytest.mark.parametrize("values", [None, 3.0, {"loss": torch.zeros(2)}, {"loss": "high"}])
def test_a_step_that_returns_no_numbers_is_told(values):
    with pytest.raises(ValueError, match="must return"):
        list(fit(lambda batch: values, [1, 2]))


def test_minibatches_are_a_new_order_each_epoch():
    batches = iter(Minibatches(torch.arange(10), 5, torch.Generator().manual_seed(0)))
    epochs = [torch.cat([next(batches), next(batches)]) for _ in range(3)]
    for epoch in epochs:
        assert sorted(epoch.tolist()) == list(range(10))
    assert not torch.equal(epochs[0], epochs[1])
    with pytest.raises(ValueError, match="does not fit"):
        Minibatches(torch.arange(10), 11, torch.Generator())
    with pytest.raises(ValueError, match="one length"):
        Minibatches((torch.zeros(3), torch.zeros(4)), 2, torch.Generator())


def test_training_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    job = Regression()  # draws initial weights from the global generator
    torch.manual_seed(5)
    list(fit(job.step, job.batches, steps=3))
    assert torch.equal(torch.rand(3), expected)


def test_the_line_tells_loss_speed_and_time_left():
    records = [
        Record(k, k * 0.5, {"loss": 2.0 - k, "accuracy": 0.5}, left=10.0 - k, samples=100 * k)
        for k in range(1, 5)
    ]
    line = progress_line(records)
    assert line == "step 4   loss -0.500   accuracy 0.500   200 samples/s   6 s left"
    assert progress_line(records, ended=True).endswith("2.0 s")


def test_progress_returns_all_records_and_prints_the_last_line(capsys):
    records = progress(fit(lambda batch: {"loss": batch}, [4.0, 2.0]))
    assert [r.values["loss"] for r in records] == [4.0, 2.0]
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and "step 2" in out and "loss 3.000" in out


def test_progress_keeps_what_was_trained_when_interrupted(capsys):
    def records():
        yield Record(1, 1.0, {"loss": 1.0})
        raise KeyboardInterrupt

    assert len(progress(records())) == 1
    assert "stopped by you" in capsys.readouterr().out
