"""Benchmarks as commands: ``python -m explorer bench page`` and ``… bench engine``."""
