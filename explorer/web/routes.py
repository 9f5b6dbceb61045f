"""Our own HTTP routes, beside Streamlit's. Every answer passes :mod:`explorer.web.guard`."""

from __future__ import annotations

import gzip
import importlib.util
from functools import cache
from importlib import metadata
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from explorer.web.components.scripts import FOLDER, NAMES, script

_VERSION = metadata.version("plotly")
_PLOTLY = importlib.util.find_spec("plotly")
assert _PLOTLY is not None and _PLOTLY.origin is not None
_SCRIPT = Path(_PLOTLY.origin).parent / "package_data" / "plotly.min.js"


def routes() -> list[BaseRoute]:
    """The routes that ``st.App`` serves before its own."""
    return [
        Route("/plotly.min.js", _plotly, methods=["GET"]),
        Route(FOLDER + "/{name}.js", _component, methods=["GET"]),
    ]


def plotly_url() -> str:
    """Where a component loads Plotly from; the version in it lets browsers keep it for good."""
    return f"/plotly.min.js?v={_VERSION}"


def _component(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in NAMES:
        return Response(status_code=404)
    found = script(name)
    return Response(
        found.text,
        media_type="text/javascript",
        headers=_caching(f"{request.url.path}?{request.url.query}" == found.address),
    )


@cache
def _plotly_packed() -> bytes:
    """Plotly's script compressed: worth a tenth of a second once, where it has to travel."""
    return gzip.compress(_SCRIPT.read_bytes(), 6)


def _plotly(request: Request) -> Response:  # not async, so that compressing does not hold up the event loop
    headers = _caching(request.query_params.get("v") == _VERSION) | {
        "etag": f'"plotly-{_VERSION}"',
        "vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    packed = "gzip" in request.headers.get("accept-encoding", "") and not _from_here(request)
    # "identity" keeps Streamlit from packing it anew for every browser.
    headers["content-encoding"] = "gzip" if packed else "identity"
    script = _plotly_packed() if packed else _SCRIPT.read_bytes()
    return Response(script, media_type="text/javascript", headers=headers)


def _caching(lasting: bool) -> dict[str, str]:
    """Kept for good where the address names this very version."""
    return {"cache-control": "public, max-age=31536000, immutable" if lasting else "no-cache"}


def _from_here(request: Request) -> bool:
    """Whether the browser runs on this machine, with no proxy in between."""
    forwarded = any(name in request.headers for name in ("x-forwarded-for", "forwarded", "via"))
    return request.client is not None and request.client.host in ("127.0.0.1", "::1") and not forwarded
