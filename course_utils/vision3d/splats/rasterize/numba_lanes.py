"""Compiled: arithmetic on several pixels at a time, the lanes of a vector instruction.

A power of two out of plain arithmetic (Schraudolph 1999 had the idea), sums that stay in the
registers of a processor, and the adding up of their lanes.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

# fastmath lets sums be reordered, which vector instructions need; the order is still fixed.
from course_utils.core.numba_support import options

OPTIONS = options(fastmath=True)
F = np.float32
LANES = 8  # pixels visited at a time; measured
SUMS = 9  # kept of one splat, each in as many lanes
EVEN, ODD = (0, 2, 8, 10, 4, 6, 12, 14), (1, 3, 9, 11, 5, 7, 13, 15)
LOW, HIGH = (0, 1, 2, 3, 8, 9, 10, 11), (4, 5, 6, 7, 12, 13, 14, 15)


@njit(**OPTIONS)
def power_of_two(x):
    """2^x for x >= -126, to 2e-7: a polynomial, and an exponent shifted into place.

    It becomes vector instructions as it is, which a call of a library's function would not.
    """
    whole = np.floor(x + F(0.5))
    f = x - whole
    p = F(1.3264727e-3) * f + F(9.6715130e-3)
    p = p * f + F(5.5507336e-2)
    p = p * f + F(2.4022242e-1)
    p = p * f + F(6.9314700e-1)
    p = p * f + F(1.0)
    return p * np.int32((np.int32(whole) + np.int32(127)) << np.int32(23)).view(np.float32)


@intrinsic
def sums_on_stack(_):
    """A pointer to zeros for the sums of one splat, which the compiler can keep in registers.

    It knows that nothing else points there; of an array it would have to find out in every row.
    """

    def generate(context, builder, signature, arguments):
        block = ir.ArrayType(ir.FloatType(), SUMS * LANES)
        place = cgutils.alloca_once(builder, block)
        builder.store(ir.Constant(block, None), place)
        return builder.bitcast(place, ir.FloatType().as_pointer())

    return types.CPointer(types.float32)(), generate


@intrinsic
def add_lanes(_, pointer):
    """Add up the lanes of the first eight sums; the totals replace the lanes of the first one.

    All eight at once: neighbours are added, then neighbouring pairs, then halves, and each
    addition fills a whole vector. One sum after the other would take twice the instructions.
    """

    def generate(context, builder, signature, arguments):
        index = ir.IntType(32)
        place = builder.bitcast(arguments[0], ir.VectorType(ir.FloatType(), LANES).as_pointer())

        def fold(a, b, first, second):
            """Of the 16 numbers in a and b, the chosen eight plus another eight."""
            masks = [ir.Constant(ir.VectorType(index, LANES), list(m)) for m in (first, second)]
            return builder.fadd(*(builder.shuffle_vector(a, b, mask) for mask in masks))

        rows = [
            builder.load(builder.gep(place, [ir.Constant(index, i)]), align=4) for i in range(8)
        ]
        pairs = [fold(rows[i], rows[i + 1], EVEN, ODD) for i in range(0, 8, 2)]
        fours = [fold(pairs[i], pairs[i + 1], EVEN, ODD) for i in range(0, 4, 2)]
        builder.store(fold(*fours, LOW, HIGH), place, align=4)
        return context.get_dummy_value()

    return types.none(pointer), generate
