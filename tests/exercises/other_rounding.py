"""Another processor's rounding, on this one: the last bit of torch's results falls elsewhere."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode

# What processors, compilers and versions of torch round differently: functions that IEEE 754
# does not fix to the last bit, and sums whose order is free. One `+` or `*` is the same everywhere.
FREE = {
    *("exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "pow", "rsqrt", "erf"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "tanh", "sigmoid", "silu", "gelu"),
    *("tanh_backward", "sigmoid_backward", "softplus", "softplus_backward"),
    *("log_sigmoid_forward", "log_sigmoid_backward", "logsumexp", "logaddexp", "logcumsumexp"),
    *("_softmax", "_softmax_backward_data", "_log_softmax", "_log_softmax_backward_data"),
    *("mm", "bmm", "addmm", "baddbmm", "mv", "addmv", "dot", "_cdist_forward", "_cdist_backward"),
    *("sum", "mean", "prod", "cumsum", "cumprod", "var", "std", "var_mean", "std_mean", "norm"),
    *("linalg_vector_norm", "linalg_cross", "linalg_inv_ex", "_linalg_solve_ex", "_linalg_svd"),
    *("convolution", "convolution_backward", "native_batch_norm", "native_batch_norm_backward"),
    *("binary_cross_entropy", "binary_cross_entropy_with_logits", "nll_loss_forward", "mse_loss"),
    *("addcmul", "addcdiv", "lerp", "_fused_adam", "grid_sampler_2d", "upsample_bilinear2d"),
}
DIGITS = 2.0**10  # a result that is a multiple of 1 / 1024 is no accident
INTEGERS = {torch.float32: torch.int32, torch.float64: torch.int64}


class OtherRounding(TorchDispatchMode):
    """Within it a third of the results of `FREE` is one float larger, a third one smaller.

    Which ones depends on the result and on `seed` alone: as on a real processor, the same
    operation on the same numbers gives the same. Numbers of few digits, such as 0.5, are exact
    everywhere and stay.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Run the operation, then move its results where its rounding is free."""
        result = func(*args, **(kwargs or {}))
        name = func._schema.name.removeprefix("aten::")
        if name.removesuffix("_") not in FREE:
            return result
        if isinstance(result, (tuple, list)):
            return type(result)(self._moved(item, name) for item in result)
        return self._moved(result, name)

    def _moved(self, result: object, name: str) -> object:
        if not isinstance(result, torch.Tensor) or result.dtype not in INTEGERS:
            return result
        if not result.numel():
            return result
        infinity = torch.full_like(result, float("inf"))
        draw = self._thirds(result)
        moved = torch.where(draw == 1, torch.nextafter(result, infinity), result)
        moved = torch.where(draw == 2, torch.nextafter(result, -infinity), moved)
        exact = (result * DIGITS == (result * DIGITS).round()) | ~torch.isfinite(result)
        moved = torch.where(exact, result, moved)
        return result.copy_(moved) if name.endswith("_") else moved

    def _thirds(self, result: torch.Tensor) -> torch.Tensor:
        """0, 1 or 2 for every number: a hash of its bits."""
        bits = result.contiguous().view(INTEGERS[result.dtype]).to(torch.int64)
        mixed = bits * (2654435761 + 2 * self.seed) ^ (bits >> 7) * (40503 + 2 * self.seed)
        return (mixed >> 11) % 3
