"""Benchmarks as commands: ``python -m explorer bench page``, ``files``, ``engine``, ``memory`` and ``time``.

Their rows stay English in every language: they are set beside those of other machines and versions.
"""
