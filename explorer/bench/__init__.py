"""Benchmarks as commands: ``python -m explorer bench page``, ``files``, ``engine``, ``memory`` and ``time``."""
