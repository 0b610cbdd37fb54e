"""Right answers, written differently: by assignment and exercise."""
