"""Wrong answers on purpose: by assignment, exercise and misconception. They never ship."""
