"""The worker's edge: dataclasses to and from builtins."""

from __future__ import annotations

import dataclasses
import types
import typing
from functools import lru_cache
from typing import Any, TypeVar

T = TypeVar("T")


def to_builtins(value: Any) -> Any:
    """``value`` as dicts, tuples, numbers and text, however deep its dataclasses nest."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_builtins(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return tuple(to_builtins(item) for item in value)
    if isinstance(value, dict):
        return {key: to_builtins(item) for key, item in value.items()}
    return value


def from_builtins(kind: type[T], data: Any) -> T:
    """The dataclass ``kind`` that :func:`to_builtins` (or JSON) wrote as ``data``.

    Raises:
        TypeError: ``data`` does not fit ``kind``.
    """
    return typing.cast(T, _decoded(kind, data))


@lru_cache(maxsize=64)
def _given_fields(kind: type) -> dict[str, Any]:
    """Field name → type, of the fields that a dataclass is made from. Evaluating annotations is slow."""
    hints = typing.get_type_hints(kind)
    return {f.name: hints[f.name] for f in dataclasses.fields(kind) if f.init}


def _decoded(kind: Any, data: Any) -> Any:
    if kind is int or kind is str:  # thousands in a timeline
        return data
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if not isinstance(data, dict):
            raise TypeError(f"{kind.__name__} from {type(data).__name__}")
        known = _given_fields(kind)
        return kind(**{name: _decoded(known[name], item) for name, item in data.items() if name in known})
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if data is None and type(None) in args:
            return None
        if isinstance(
            data, tuple(kind for kind in args if kind in (str, int, float))
        ):  # or a sentence yet to be worded
            return data
        return _decoded(_chosen([a for a in args if a is not type(None)], data), data)
    if origin is tuple:
        inner = [args[0]] * len(data) if len(args) == 2 and args[1] is Ellipsis else list(args)
        return tuple(_decoded(a, item) for a, item in zip(inner, data, strict=True))
    if origin is dict:
        return {key: _decoded(args[1], item) for key, item in data.items()}
    return data


def _chosen(kinds: list[Any], data: Any) -> Any:
    """Which of several kinds ``data`` is; dataclasses are told apart by their ``kind`` field."""
    made = [kind for kind in kinds if dataclasses.is_dataclass(kind)]
    if len(kinds) == 1 or (len(made) == 1 and isinstance(data, dict)):
        return made[0] if made else kinds[0]
    name = data.get("kind") if isinstance(data, dict) else None
    for kind in kinds:
        if name is not None and getattr(kind, "kind", None) == name:
            return kind
    raise TypeError(f"none of {', '.join(k.__name__ for k in kinds)} is of kind {name!r}")
