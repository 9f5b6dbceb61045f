"""The JSON Schemas (2020-12) of :func:`explorer.documents.json_document.describe_json` and of
:func:`explorer.documents.network_document.network_json`, which are published with them."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any, Literal

from explorer.documents.json_document import SCHEMA_VERSION
from explorer.documents.network_document import NETWORK_SCHEMA_VERSION
from explorer.findings import Device, Part, ProblemWords
from explorer.findings.network import Published, StageKind
from explorer.spec import (
    FIELDS,
    Choice,
    DenseBlockSpec,
    DenseNetSpec,
    FieldInfo,
    Flag,
    ResidualSpec,
    ResNetSpec,
    Whole,
)

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer", "minimum": 0}
_TIMES = ("median_ms", "q1_ms", "q3_ms")
_ORIGINS = ("closed_form", "counted", "tracked", "device")


def findings_schema() -> Schema:
    """The schema of the whole document. Nothing may stand in it that the schema does not name."""
    return {
        "$schema": _DIALECT,
        "title": "What the Dense Block Explorer found of a Study",
        "$defs": {
            "study": study_schema(),
            "block": _block(),
            "quantity": _object(dict.fromkeys(_ORIGINS, _WHOLE), required=()),
            "layer": _layer(),
            "times": _timing(),
            "problem": _problem(),
            "device": _typed(Device),
        },
        **_object(
            {
                "schema_version": {"const": SCHEMA_VERSION},
                "study": _ref("study"),
                "link": {"type": "string"},
                "headline": {"type": "string"},
                "device": {"anyOf": [_ref("device"), {"type": "null"}]},
                "dense": _ref("block"),
                "residual": _ref("block"),
                "second": _ref("block"),
                "timing_problem": _ref("problem"),
            },
            optional=("timing_problem",),
        ),
    }


def network_schema() -> Schema:
    """The schema of the document of one or two whole networks."""
    return {
        "$schema": _DIALECT,
        "title": "What the Dense Block Explorer says of whole networks",
        "$defs": {"study": study_schema(), "network": _network(), "problem": _problem()},
        **_object(
            {
                "schema_version": {"const": NETWORK_SCHEMA_VERSION},
                "study": _ref("study"),
                "link": _TEXT,
                "headline": _TEXT,
                "input": _object(dict.fromkeys(("batch", "channels", "height", "width"), _WHOLE) | {"dtype": _TEXT}),
                "implementation": _TEXT,
                "network": _ref("network"),
                "against": {"anyOf": [_ref("network"), {"type": "null"}]},
            }
        ),
    }


def schemas() -> dict[str, Schema]:
    """Each schema by what it is of."""
    return {"block": findings_schema(), "network": network_schema()}


def study_schema() -> Schema:
    """Every field of a Study by its flat name; rules between fields are not in it."""
    return _object({name: field_schema(info) for name, info in FIELDS.items()})


def field_schema(info: FieldInfo) -> Schema:
    """What one field may hold, with its help and its default."""
    domain = info.domain
    said: Schema = {"description": info.help, "default": info.default}
    if isinstance(domain, Whole):
        return said | {"type": "integer", "minimum": domain.low, "maximum": domain.high}
    if isinstance(domain, Flag):
        return said | {"type": "boolean"}
    if isinstance(domain, Choice):
        return said | {"type": "string", "enum": list(domain.options)}
    pattern = {"type": "string", "pattern": f"^({domain.regex})$"}
    return said | ({"anyOf": [pattern, {"type": "null"}]} if domain.optional else pattern)


def _block() -> Schema:
    quantities = {name: _ref("quantity") for name in ("parameters", "macs", "saved_bytes", "peak_bytes")}
    always: Schema = {
        "label": {"type": "string"},
        "spec": {"oneOf": [_typed(DenseBlockSpec), _typed(ResidualSpec)]},
        "output_shape": {"type": "array", "items": _WHOLE, "minItems": 4, "maxItems": 4},
        **quantities,
        "written_bytes": _WHOLE,
        "receptive_field": _WHOLE,
        "per_layer": {"type": "array", "items": _ref("layer")},
    }
    sometimes: Schema = {
        "matched": {"type": "string"},
        "remainder": {"type": "integer"},
        "note": {"type": "string"},
        "ran": {"type": "boolean"},
        "output_sum": {"type": ["number", "string"]},
        "saved_extra_bytes": _WHOLE,
        "times": _object({name: _ref("times") for name in ("forward", "step")}, required=()),
        "problem": _ref("problem"),
    }
    return _object(always | sometimes, required=tuple(always))


def _network() -> Schema:
    costs = dict.fromkeys(("parameters", "macs", "saved_bytes"), _WHOLE)
    stage = {"name": _TEXT, "kind": _typed(StageKind)}
    stage |= dict.fromkeys(("in_channels", "out_channels", "height", "width", "layers", "receptive_field"), _WHOLE)
    shape = {"type": "array", "items": _WHOLE, "minItems": 2, "maxItems": 2}
    live: Schema = dict.fromkeys(("peak_bytes", "peak_per_image_bytes"), _WHOLE)
    live |= {"device": _or_null(_TEXT), "device_peak_bytes": _or_null(_WHOLE)}
    return _object(
        {
            "name": _TEXT,
            "spec": {"oneOf": [_typed(DenseNetSpec), _typed(ResNetSpec)]},
            **costs,
            "receptive_field": _WHOLE,
            "accuracy": {"anyOf": [_typed(Published), {"type": "null"}]},
            "stages": {"type": "array", "items": _object(stage | costs)},
            "counted": _object({"output_shape": shape, **costs, **live}),
            "problem": _ref("problem"),
        },
        optional=("counted", "problem"),
    )


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _problem() -> Schema:
    return _object(_typed_fields(ProblemWords), required=("kind", "message"))


def _layer() -> Schema:
    numbers = ("layer", "in_channels", "new_channels", "out_channels", "parameters", "macs", "saved_bytes")
    parts = {"type": "array", "items": _typed(Part)}
    return _object(dict.fromkeys((*numbers, "written_channels"), _WHOLE) | {"parts": parts})


def _timing() -> Schema:
    times: Schema = {name: {"type": "number", "minimum": 0} for name in _TIMES}
    return _object(times | {"runs": _WHOLE, "warmup": _WHOLE})


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _object(properties: Schema, required: tuple[str, ...] | None = None, optional: tuple[str, ...] = ()) -> Schema:
    names = [name for name in properties if name not in optional] if required is None else list(required)
    return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}


def _typed(kind: Any) -> Schema:
    """The schema of what :func:`explorer.findings.to_builtins` makes of a value of type ``kind``."""
    if dataclasses.is_dataclass(kind):
        return _object(_typed_fields(kind))
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return {"type": "array", "items": _typed(arguments[0])}
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_typed(each) for each in arguments]}
    return {"type": {int: "integer", float: "number", str: "string", bool: "boolean", type(None): "null"}[kind]}


def _typed_fields(kind: Any) -> Schema:
    return {name: _typed(hint) for name, hint in typing.get_type_hints(kind).items()}
