"""Dense Block Explorer: a DenseNet block built, run and explained.

>>> from explorer import DenseBlockSpec, Study, explore
>>> found = explore(Study(DenseBlockSpec(in_channels=64, growth_rate=32, layers=6)))
>>> found.dense.parameters.value
335040
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.spec import DenseBlockSpec, Study
    from explorer.study import explore
else:

    def __getattr__(name: str) -> object:
        # Looked up when used: a worker needs no engine, and the command line starts in no time.
        from importlib import import_module

        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module("explorer.study" if name == "explore" else "explorer.spec"), name)


__all__ = ["DenseBlockSpec", "Study", "explore"]
