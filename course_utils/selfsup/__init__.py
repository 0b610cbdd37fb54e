"""Self-supervised learning: pretext tasks, contrast, and how to judge what was learned."""
