"""Benchmarks as commands: ``python -m explorer bench page``, ``… engine``, ``… memory`` and ``… time``."""
