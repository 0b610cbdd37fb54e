"""Assignment 7: the quadrature of volume rendering, samples along rays, the positional encoding."""
