"""Dense Block Explorer: a DenseNet block built, run and explained.

>>> from explorer import DenseBlockSpec, Study, explore
>>> found = explore(Study(DenseBlockSpec(in_channels=64, growth_rate=32, layers=6)))
>>> found.dense.parameters.value
335040
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explorer.findings import Trace
    from explorer.spec import DenseBlockSpec, Study
    from explorer.study import explore
else:

    def __getattr__(name: str) -> object:
        # Looked up when used: a worker needs no engine, and the command line starts in no time.
        from importlib import import_module

        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module("explorer.study" if name == "explore" else "explorer.spec"), name)


def trace(module: Any, example_input: Any) -> Trace:
    """Runs a copy of a module of your own once: what it concatenates, out of what, and what its step costs.

    >>> trace(torchvision.models.densenet121(), torch.zeros(1, 3, 224, 224)).kept_bytes  # doctest: +SKIP

    Args:
        module: a ``torch.nn.Module``, which is left as it was; its mode says whether a training step is followed.
        example_input: a tensor, a tuple of arguments, or a dict of arguments by name.

    Raises:
        TypeError: one of them is something else.
        Exception: whatever the module's forward raises.
    """
    from explorer.measure.trace import trace as follow  # it brings torch, which nothing else here needs

    return follow(module, example_input)


__all__ = ["DenseBlockSpec", "Study", "explore", "trace"]
