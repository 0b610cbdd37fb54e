"""What instructors and maintainers run: notebooks from their sources, and grading."""
