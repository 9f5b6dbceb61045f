"""Dense Block Explorer: a DenseNet block built, run and explained.

>>> from explorer import DenseBlockSpec, Study, explore
>>> found = explore(Study(DenseBlockSpec(in_channels=64, growth_rate=32, layers=6)))
>>> found.dense.parameters.value
335040
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.spec import DenseBlockSpec, Study

if TYPE_CHECKING:
    from explorer.study import explore
else:

    def __getattr__(name: str) -> object:
        # Looked up on first use: a worker imports explorer.spec and has no need of the engine.
        if name == "explore":
            from explorer.study import explore

            return explore
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["DenseBlockSpec", "Study", "explore"]
