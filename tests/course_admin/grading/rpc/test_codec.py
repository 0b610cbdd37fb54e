"""What crosses from a student's process: plain values exactly, and nothing else at all."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_admin.grading.rpc import codec

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.complex_numbers(allow_nan=False)
    | st.binary(max_size=20)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


def there_and_back(value: Any) -> Any:
    writer = codec.Writer()
    tree = codec.flatten(value, writer)
    return codec.restore(tree, codec.Reader(writer.blobs))


@given(VALUES)
def test_plain_values_arrive_unchanged(value: Any) -> None:
    back = there_and_back(value)
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("kind", codec.TORCH_TYPES.values())
@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 2), (2, 1, 4)])
def test_tensors_arrive_bit_by_bit(kind: torch.dtype, shape: tuple[int, ...]) -> None:
    value = torch.randint(0, 2, shape).to(kind)
    back = there_and_back(value)
    assert back.dtype == kind and back.shape == value.shape
    assert torch.equal(back, value)
    assert back.data_ptr() != value.data_ptr() or value.numel() == 0


def test_odd_layouts_arrive_as_their_values() -> None:
    base = torch.arange(24.0).reshape(4, 6)
    for value in (
        base.T,
        base[::2, 1::3],
        base[:1, :1].expand(1, 1),
        base.expand(2, 4, 6),
        torch.conj(base.cfloat()),
    ):
        assert torch.equal(there_and_back(value), value)


def test_not_a_number_and_infinities_arrive() -> None:
    assert math.isnan(there_and_back(float("nan")))
    assert there_and_back(-math.inf) == -math.inf


def test_numpy_arrays_arrive_but_not_arrays_of_objects() -> None:
    array = np.arange(6, dtype=np.int16).reshape(2, 3)
    assert np.array_equal(there_and_back(array), array)
    assert isinstance(there_and_back(np.array([print])), codec.Opaque)


class Everything:
    """Claims to be equal to everything, and would run code where it is unpickled."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __reduce__(self) -> Any:
        raise AssertionError("was pickled")


def test_other_objects_become_opaque_and_equal_nothing() -> None:
    back = there_and_back(Everything())
    assert isinstance(back, codec.Opaque)
    assert back != 3 and back != there_and_back(Everything())


def test_subclasses_lose_their_methods() -> None:
    class Liar(torch.Tensor):
        @classmethod
        def __torch_function__(cls, *args: Any, **kwargs: Any) -> Any:
            return True

    back = there_and_back(torch.zeros(2).as_subclass(Liar))
    assert isinstance(back, codec.Opaque) or type(back) is torch.Tensor


@pytest.mark.parametrize(
    "tree",
    [
        None,
        5,
        [],
        ["?"],
        ["x"],
        ["x", "float32", [10**9, 10**9], 0, False],
        ["x", "float32", [2], 7, False],
        ["x", "float32", [-1], 0, False],
        ["x", "object", [1], 0, False],
        ["a", "|O", [1], 0],
        ["k", 3],
        ["f", "three"],
        ["i", "0x" + "f" * 5000],
        ["l", 3],
        ["d", [[1]]],
        ["d", [[["l", []], ["v", 1]]]],
        ["v", [1]],
        ["b", -1],
        ["r", "/etc/passwd"],
    ],
)
def test_malformed_trees_are_refused(tree: Any) -> None:
    with pytest.raises(codec.NotPlain):
        codec.restore(tree, codec.Reader([b"1234"]))


def test_endless_values_are_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(codec.NotPlain):
        codec.flatten(loop, codec.Writer())
    tree: list[Any] = ["v", 1]
    for _ in range(100):
        tree = ["l", [tree]]
    with pytest.raises(codec.NotPlain):
        codec.restore(tree, codec.Reader([]))
