"""Assignment 3: colour as L and ab, bins, rebalancing, annealed means, and colour by pointing."""
