"""A student's function called from afar: values, gradients, changes, errors as if it were near."""

from __future__ import annotations

import functools
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from course_admin.grading.rpc.client import Line, RemoteFunction
from course_admin.grading.rpc.replay import NoAnswer, StudentCodeError, StudentProcessLost
from course_admin.grading.rpc.server import Answerer
from course_utils import checks
from course_utils.checks.guards import watch_call
from tests.exercises.a1_gan_minimax import (
    alternating_step,
    discriminator_loss,
    game_value,
    generator_losses,
    optimal_discriminator,
)

MODULES = (
    game_value,
    discriminator_loss,
    generator_losses,
    optimal_discriminator,
    alternating_step,
)
NAMES = [module.__name__.rpartition(".")[2] for module in MODULES]
RIGHT = dict(zip(NAMES, (module.RIGHT for module in MODULES), strict=True))
WRONG = dict(zip(NAMES, (module.WRONG for module in MODULES), strict=True))

Remote = Callable[[Callable], RemoteFunction]


@pytest.fixture
def remote() -> Iterator[Remote]:
    """Makes a proxy of a function; the other end answers in a thread, through a real socket."""
    ends = []

    def make(function: Callable) -> RemoteFunction:
        here, there = socket.socketpair()
        ends.append(here)
        threading.Thread(target=Answerer(there, {"f": function}).serve, daemon=True).start()
        return Line(here, 10.0).look("f")

    yield make
    for end in ends:
        end.close()


def test_value_and_gradient_equal_those_of_the_function_itself(remote: Remote) -> None:
    def function(x: Tensor, scale: float, *, more: Tensor) -> tuple[Tensor, Tensor]:
        return (x.sin() * scale + more).sum(), x.detach()

    far = remote(function)
    for apply in (lambda t: t, lambda t: t * 2):  # a leaf, and a tensor inside a graph
        grads = []
        for call in (function, far):
            x = torch.linspace(0, 1, 5, dtype=torch.float64, requires_grad=True)
            more = torch.ones(5, dtype=torch.float64, requires_grad=True)
            value, constant = call(apply(x), 3.0, more=more)
            assert not constant.requires_grad
            grads.append((value, *torch.autograd.grad(value, (x, more))))
        for near_one, far_one in zip(*grads, strict=True):
            assert torch.equal(near_one.detach(), far_one.detach())


def test_gradcheck_by_finite_differences(remote: Remote) -> None:
    far = remote(lambda x, y: (x * y.exp()).cumsum(0))
    inputs = [torch.randn(4, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    assert torch.autograd.gradcheck(far, inputs)


def test_unused_input_gets_no_gradient(remote: Remote) -> None:
    far = remote(lambda x, y: x * 2)
    x, y = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    slopes = torch.autograd.grad(far(x, y).sum(), (x, y), allow_unused=True)
    assert torch.equal(slopes[0], torch.full((2,), 2.0)) and slopes[1] is None


def test_changes_in_place_are_seen(remote: Remote) -> None:
    def function(x: Tensor, notes: list[int], book: dict[str, int]) -> None:
        x.mul_(2)
        notes.append(7)
        book["n"] = len(notes)

    x, notes, book = torch.ones(3), [1], {"n": 0}
    assert remote(function)(x, notes, book) is None
    assert torch.equal(x, torch.full((3,), 2.0))
    assert notes == [1, 7] and book == {"n": 2}


def test_same_tensor_given_back_is_the_same(remote: Remote) -> None:
    x = torch.ones(3)
    assert remote(lambda t: t)(x) is x


def test_training_step_leaves_the_same_state(remote: Remote) -> None:
    def step(net: nn.Module, optimiser: torch.optim.Optimizer, x: Tensor) -> float:
        optimiser.zero_grad()
        loss = net(x).square().mean()
        loss.backward()
        optimiser.step()
        return loss.item()

    states = []
    for call in (step, remote(step)):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
        optimiser = torch.optim.Adam(net.parameters(), lr=0.1)
        steps: list[str] = []
        optimiser.register_step_post_hook(lambda *_, seen=steps: seen.append("step"))
        next(net.parameters()).register_post_accumulate_grad_hook(
            lambda _, seen=steps: seen.append("grad")
        )
        x = torch.randn(8, 3)
        losses = [call(net, optimiser, x) for _ in range(3)]
        moments = [state["exp_avg"] for state in optimiser.state.values()]
        grads = [parameter.grad for parameter in net.parameters()]
        states.append((losses, list(net.state_dict().values()), moments, grads, steps))
    near, far = states
    assert near[0] == far[0] and near[4] == far[4] == ["grad", "step"] * 3
    for a, b in zip(near[1] + near[2] + near[3], far[1] + far[2] + far[3], strict=True):
        assert torch.equal(a, b)


def test_frozen_parameters_stay_frozen(remote: Remote) -> None:
    net = nn.Linear(2, 2)
    remote(lambda n: [p.requires_grad_(False) for p in n.parameters()] and None)(net)
    assert not any(parameter.requires_grad for parameter in net.parameters())


def test_errors_keep_type_message_and_line(remote: Remote) -> None:
    def function(x: float) -> float:
        raise ValueError("below zero")

    with pytest.raises(ValueError, match="below zero") as caught:
        remote(function)(1.0)
    shown = "".join(traceback.format_exception(caught.value))
    assert 'raise ValueError("below zero")' in shown


def test_own_error_types_are_named(remote: Remote) -> None:
    class Mine(Exception):
        pass

    def function() -> None:
        raise Mine("oops")

    with pytest.raises(StudentCodeError, match="Mine: oops"):
        remote(function)()


def test_printing_arrives(remote: Remote, capsys: pytest.CaptureFixture[str]) -> None:
    # the far end is a thread here, and sys.stdout is the process's: printing crosses once more
    remote(lambda: print("hello"))()
    assert "hello" in capsys.readouterr().out


def test_call_that_hangs_is_given_up_and_renewed() -> None:
    never = threading.Event()

    def connect() -> socket.socket:
        here, there = socket.socketpair()
        names = {"slow": never.wait, "quick": lambda: 5}
        threading.Thread(target=Answerer(there, names).serve, daemon=True).start()
        return here

    line = Line(connect(), 2.0, connect)
    slow, quick = line.look("slow"), line.look("quick")
    with pytest.raises(NoAnswer):
        slow()
    assert quick() == 5
    never.set()  # lets the thread end


def test_garbage_from_the_other_side_is_a_lost_process() -> None:
    here, there = socket.socketpair()
    threading.Thread(
        target=lambda: (there.recv(1000), there.sendall(b"\xff" * 100)), daemon=True
    ).start()
    with pytest.raises(StudentProcessLost):
        Line(here, 5.0).look("f")


CASES = [
    (exercise, name, function)
    for exercise in RIGHT
    for name, function in [
        *((f"right: {way}", f) for way, f in RIGHT[exercise].items()),
        *((name, variants[0]) for name, variants in WRONG[exercise].items()),
    ][::6]  # all of them, in processes of their own: test_answers_from_afar.py
]


def test_a_line_of_grading_is_never_quoted_as_the_student_s(remote: Remote) -> None:
    """Where no line of the student's is to blame, none is named: not there, and not here."""
    here, there = socket.socketpair()
    there.close()
    lost = RemoteFunction(Line(here, 1.0), 0, "f")
    for function, kind in ((remote(lambda x: x), "TypeError"), (lost, "StudentProcessLost")):
        problem = watch_call(functools.partial(function), seconds=10.0).problem
        assert problem.note.endswith(kind)
        assert problem.where == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("exercise", "name", "function"), CASES, ids=[f"{e}-{n}" for e, n, _ in CASES]
)
def test_checks_give_the_same_mark_near_and_far(
    remote: Remote, exercise: str, name: str, function: Callable[..., Any]
) -> None:
    near = checks.grade(exercise, function, points=4.0)
    far = checks.grade(exercise, remote(function), points=4.0)
    assert (float(near), near.report.misconception) == (float(far), far.report.misconception)


def test_calling_the_reference_is_noticed_from_afar(remote: Remote) -> None:
    from course_utils.gan import minimax

    for function in (minimax.game_value, lambda r, f: 1.0 * minimax.game_value(r, f)):
        mark = checks.grade("game_value", remote(function), points=3.0)
        assert float(mark) == 0.0
        assert mark.report.misconception == "calls_the_reference"
