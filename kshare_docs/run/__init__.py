"""A run: examples are planned, run in a pool or reused, and judged."""
