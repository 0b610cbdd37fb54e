"""Walls around a student's process, and how much it may use.

Two walls: `bubblewrap` gives the fork server a file system that holds Python, the course's two
packages and nothing else, no network and an empty environment. Every fork then enters
`namespaces` of its own, so that it sees neither the fork server nor other submissions. Where
bubblewrap or user namespaces are missing, only the `limits` remain. `process_tree` tells what a
fork has started, and how much memory all of it holds.
"""
