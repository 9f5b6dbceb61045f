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

# Looked up once, at the server's start: Streamlit changes sys.path around every script run, and whoever
# searches it at that moment in another thread may miss an installed package.
_VERSION = metadata.version("plotly")
_PLOTLY = importlib.util.find_spec("plotly")
assert _PLOTLY is not None and _PLOTLY.origin is not None
_SCRIPT = Path(_PLOTLY.origin).parent / "package_data" / "plotly.min.js"


def routes() -> list[BaseRoute]:
    """The routes that ``st.App`` serves before its own."""
    return [Route("/plotly.min.js", _plotly, methods=["GET"])]


def plotly_url() -> str:
    """Where a component loads Plotly from; the version in it lets browsers keep it for good."""
    return f"/plotly.min.js?v={_VERSION}"


@cache
def _plotly_script() -> tuple[bytes, bytes]:
    """Plotly's script from the Python package, plain and compressed (once: it has several MB)."""
    script = _SCRIPT.read_bytes()
    return script, gzip.compress(script, 6)


def _plotly(request: Request) -> Response:  # not async, so that compressing does not hold up the event loop
    lasting = request.query_params.get("v") == _VERSION
    headers = {
        "etag": f'"plotly-{_VERSION}"',
        "cache-control": "public, max-age=31536000, immutable" if lasting else "no-cache",
        "vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    plain, packed = _plotly_script()
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, media_type="text/javascript", headers=headers | {"content-encoding": "gzip"})
    return Response(plain, media_type="text/javascript", headers=headers)
