"""Results copied out of a student's hands, as plain numbers, before anything is judged.

An answer may be a tensor subclass, an object that claims to equal everything, or a value
that changes when looked at twice. Here it is read once, into Python floats; from then on
only those are compared. The functions that read are captured when this module is imported.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

MOST_VALUES = 200_000
RELATIVE = 1e-4
ABSOLUTE = 1e-6

_Tensor = Tensor
_plain_functions = torch._C.DisableTorchFunctionSubclass
_detach = Tensor.detach
_tolist = Tensor.tolist
_flatten = Tensor.flatten
_shape = Tensor.shape.__get__
_dtype = Tensor.dtype.__get__
_double = Tensor.double
_cpu = Tensor.cpu
_mro = type.__dict__["__mro__"].__get__
_float64, _complex = torch.float64, (torch.complex64, torch.complex128, torch.complex32)


@dataclass(frozen=True)
class Plain:
    """What came (or was expected), safe to compare, print and store.

    `kind` is "tensor" or "number" (then `values`, and `shape` for a tensor, hold it), "text"
    (`note` holds it), "none", "other" (`note` names its type), "missing" (`note` says what
    is missing) or "error" (`note` is the exception's name, `message` its text, `where` the
    student's line).
    """

    kind: str
    values: tuple[float, ...] = ()
    shape: tuple[int, ...] = ()
    note: str = ""
    message: str = ""
    where: str = ""

    @property
    def numeric(self) -> bool:
        """Whether there are numbers in it."""
        return self.kind in ("tensor", "number")

    @property
    def finite(self) -> bool:
        """Whether there are numbers in it, all finite."""
        return self.numeric and all(math.isfinite(value) for value in self.values)


def is_tensor(thing: object) -> bool:
    """Whether `thing` really is a tensor: its type is asked, never the object itself."""
    return any(base is _Tensor for base in _mro(type(thing)))


def copy_out(thing: object) -> Plain:
    """Plain copy of whatever a function returned; never raises on strange objects."""
    if thing is None:
        return Plain("none")
    if is_tensor(thing):
        return _copy_tensor(thing)
    # bool is an int, and numpy's float64 is a float: both are numbers to a student.
    if any(base in (int, float) for base in _mro(type(thing))):
        return Plain("number", (float(thing),), note=type_name(thing))
    return Plain("other", note=type_name(thing))


def _copy_tensor(thing: Tensor) -> Plain:
    with _plain_functions():
        shape, dtype = tuple(_shape(thing)), _dtype(thing)
        count = math.prod(shape)
        note = str(dtype)
        if count > MOST_VALUES or dtype in _complex:
            return Plain("other", note=f"{note} tensor of shape {shape}")
        values = _tolist(_flatten(_double(_cpu(_detach(thing)))))
    return Plain("tensor", tuple(values), shape, note)


def number(*values: float, shape: tuple[int, ...] | None = None) -> Plain:
    """Expected numbers, for a closed form: a scalar, or a tensor of the given shape."""
    if shape is None:
        shape = () if len(values) == 1 else (len(values),)
    return Plain("tensor", tuple(float(value) for value in values), shape, "torch.float32")


def text(words: str) -> Plain:
    """Expected or observed words, compared as they are."""
    return Plain("text", note=words)


def error(name: str, message: str = "", where: str = "") -> Plain:
    """An exception, expected (by its name alone) or caught."""
    return Plain("error", note=name, message=message, where=where)


def type_name(thing: object) -> str:
    """Name of the type of `thing`, whatever its metaclass does."""
    try:
        name = type.__dict__["__name__"].__get__(type(thing))
        module = type(thing).__module__
        prefix = f"{module}." if isinstance(module, str) and module != "builtins" else ""
        return clean(f"{prefix}{name}", 60)
    except Exception:
        return "something strange"


def clean(words: object, most: int = 300) -> str:
    """Printable text of at most `most` characters; control characters become visible."""
    try:
        words = str(words)
        words = words if type(words) is str else str.__str__(words)
    except BaseException as problem:
        if isinstance(problem, KeyboardInterrupt):
            raise
        return "(its text cannot be shown)"
    words = words if len(words) <= most else words[: most - 1] + "…"
    shown = (
        c if c == "\n" or c.isprintable() else c.encode("unicode_escape").decode() for c in words
    )
    return "".join(shown)


def difference(expected: Plain, came: Plain) -> str | None:
    """Why `came` is not `expected`, in one word, or None where it is.

    The words: "error" (raised, or should have), "missing" (no gradient, no such output),
    "none", "type", "text", "shape", "nan", "infinite", "value". Axes of length one do not
    count here: a (1,) for a () is a matter of form.
    """
    if expected.kind == "error" or came.kind == "error":
        same = expected.kind == came.kind and expected.note == came.note
        return None if same else "error"
    if expected.kind in ("text", "missing") or came.kind in ("text", "missing"):
        same = expected.kind == came.kind and expected.note == came.note
        return None if same else ("text" if expected.kind == "text" else "missing")
    if not came.numeric:
        return "none" if came.kind == "none" else "type"
    if _long_axes(expected) != _long_axes(came):
        return "shape"
    return _number_difference(expected.values, came.values)


def _number_difference(expected: tuple[float, ...], came: tuple[float, ...]) -> str | None:
    if all(close(a, b) for a, b in zip(expected, came, strict=True)):
        return None
    if any(math.isnan(value) for value in came):
        return "nan"
    infinite = any(math.isinf(b) and not math.isinf(a) for a, b in zip(expected, came, strict=True))
    return "infinite" if infinite else "value"


def close(a: float, b: float, relative: float = RELATIVE, absolute: float = ABSOLUTE) -> bool:
    """Whether two numbers agree; NaN agrees with NaN, an infinity with itself."""
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or abs(a - b) <= absolute + relative * max(abs(a), abs(b)) < math.inf


def _long_axes(plain: Plain) -> tuple[int, ...]:
    return tuple(length for length in plain.shape if length != 1)


def shown(plain: Plain) -> str:
    """One line for people: numbers to five digits, at most six of them, and the shape."""
    if plain.kind == "error":
        message = clean(plain.message, 160).strip().replace("\n", " ")
        return f"{plain.note}: {message}" if message else plain.note
    if plain.kind == "none":
        return "None"
    if plain.kind == "other":
        return f"an object of type {plain.note}"
    if plain.kind in ("text", "missing"):
        return plain.note
    if plain.kind == "number":
        return f"{shown_number(plain.values[0])}  (a Python {plain.note})"
    return shown_values(plain.values, plain.shape)


def shown_values(values: tuple[float, ...], shape: tuple[int, ...]) -> str:
    """`[1.5, -0.25, …]  shape (8,)`, or the bare number of a scalar."""
    if shape == ():
        return shown_number(values[0])
    few = ", ".join(shown_number(value) for value in values[:5])
    more = ", …" if len(values) > 5 else ""
    return f"[{few}{more}]" + ("" if len(values) <= 5 and len(shape) == 1 else f"  shape {shape}")


def shown_number(value: float) -> str:
    """Five significant digits, NaN and infinities in words."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return f"{value:.5g}"
