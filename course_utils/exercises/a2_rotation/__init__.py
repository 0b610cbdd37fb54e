"""Assignment 2: rotation prediction, frozen blocks, few labels, and neighbouring patches."""
