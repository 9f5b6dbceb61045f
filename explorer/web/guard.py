"""What stands before every route, ours and Streamlit's: who may ask, and what a browser may do with the answer.

Streamlit checks Host on its websocket alone and sets no security headers. A page that listens on
loopback is still reached by a foreign site whose name is made to point at 127.0.0.1 (DNS rebinding),
so the name in the address must be one that this server goes by.

``EXPLORER_NAMES`` (comma or space separated) adds names to the loopback ones: ``lab.example.org``,
``*.example.org``, or ``*`` for any.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config

from explorer import environment
from explorer.language import _, preferred, speak
from explorer.spec import SpecError
from explorer.web.faults import report
from explorer.web.hints import link_header
from explorer.web.routes import plotly_url

LOOPBACK = ("localhost", "127.0.0.1", "::1")
LONGEST_QUERY = 2_000  # a link with every field changed has about 400 characters
MOST_PARAMETERS = 100
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def extra_names(variables: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The names beside the loopback ones by which people reach this server (``EXPLORER_NAMES``)."""
    return tuple(name.lower().rstrip(".") for name in re.split(r"[\s,]+", variables.get("EXPLORER_NAMES", "")) if name)


#: Path, status and sentence → the answer to a request that is refused.
Tell = Callable[[str, int, str], Response]


def plainly(path: str, status: int, sentence: str) -> Response:
    """A refusal as a line of text."""
    return PlainTextResponse(sentence + "\n", status)


def middleware(tell: Tell = plainly) -> list[Middleware]:
    """The guard for ``st.App``; tells Streamlit's own check the same names, and a refusal by ``tell``."""
    names = extra_names()
    config.set_option("server.allowedHosts", [*LOOPBACK, *names])
    static = Path(streamlit.__file__).parent / "static"
    page = (static / "index.html").read_text(encoding="utf-8")
    return [
        Middleware(Guard, names=names, policy=content_policy(page), hints=link_header(static, plotly_url()), tell=tell)
    ]


def framing() -> str:
    """Who may show a page of ours in a frame, for a Content-Security-Policy (``EXPLORER_FRAME_ANCESTORS``)."""
    try:
        sites = environment.frame_ancestors()
    except SpecError:  # whoever started the server by other means was not told
        sites = ()
    return " ".join(["frame-ancestors 'self'", *sites])


def content_policy(page: str) -> str:
    """The Content-Security-Policy under which ``page`` (Streamlit's index.html) works, and nothing else does."""
    inline = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline)
    rules = {
        "default-src": "'self'",
        "script-src": " ".join(["'self' blob: 'wasm-unsafe-eval'", *(f"'sha256-{digest}'" for digest in hashes)]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "worker-src": "'self' blob:",
        "connect-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
    }
    return "; ".join([*(f"{rule} {value}" for rule, value in rules.items()), framing()])


def host_name(host: str) -> str | None:
    """The name in a Host header, lower case and without port; None where it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        name, _port = parts.hostname, parts.port
    except ValueError:
        return None
    if name is None or parts.username is not None or parts.path or parts.query or parts.fragment:
        return None
    return name.lower().rstrip(".")


def host_allowed(host: str | None, names: tuple[str, ...]) -> bool:
    """Whether a Host header bears a loopback name or one of ``names``."""
    name = host_name(host or "")
    return name is not None and (name in LOOPBACK or _named(name, names))


def origin_allowed(origin: str | None, host: str | None, names: tuple[str, ...]) -> bool:
    """Whether a page of ``origin`` may talk to us: the page served under the same Host, or under one of ``names``.

    A request without Origin comes from a program, not from a page, and is let through.
    """
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
        name = parts.hostname
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or name is None:
        return False
    explicit = tuple(n for n in names if n != "*")  # "*" opens the address, not the door to every site
    return parts.netloc.lower() == (host or "").lower() or _named(name.lower().rstrip("."), explicit)


def _short(sentence: str) -> str:
    """As much of it as a websocket's end has room for."""
    return sentence.encode()[:120].decode(errors="ignore")


def _named(name: str, names: tuple[str, ...]) -> bool:
    return any(n == "*" or n == name or (n.startswith("*.") and name.endswith(n[1:])) for n in names)


class Guard:
    """ASGI middleware: refuses foreign hosts, foreign origins and endless queries; sets headers; hides faults.

    ``hints`` is the ``Link`` header that goes with every page.
    """

    def __init__(
        self, app: ASGIApp, names: tuple[str, ...], policy: str, hints: str = "", tell: Tell = plainly
    ) -> None:
        self.app, self.names, self.hints, self.tell = app, names, hints, tell
        self.headers = {
            "content-security-policy": policy,
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
        }
        if policy.endswith("frame-ancestors 'self'"):
            self.headers["x-frame-options"] = "SAMEORIGIN"  # for browsers older than frame-ancestors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request or one websocket."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        speak(preferred(Headers(scope=scope).get("accept-language", "")))  # in this request's own task
        refusal = self.refusal(scope)
        if scope["type"] == "websocket":
            if refusal:
                await send({"type": "websocket.close", "code": 1008, "reason": _short(refusal[1])})
            else:
                await self.websocket(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                page = (
                    headers.get("content-type", "").startswith("text/html") and "content-security-policy" not in headers
                )
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                if self.hints and page:  # a document with a policy of its own needs none of that
                    headers["link"] = self.hints
            await send(message)

        if refusal:
            await self.tell(scope["path"], *refusal)(scope, receive, send_with_headers)
            return
        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as fault:  # whatever it was, neither browser nor terminal gets a traceback
            report(f"{scope['method']} {scope['path']!a}", fault)
            if not started:
                words = _("Something went wrong on the server; the request was not carried out.")
                await PlainTextResponse(words + "\n", 500)(scope, receive, send_with_headers)

    async def websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one websocket, whose messages are bytes; whoever sends text is let go."""

        async def receive_bytes() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and message.get("bytes") is None:
                return {"type": "websocket.disconnect", "code": 1003}
            return message

        try:
            await self.app(scope, receive_bytes, send)
        except Exception as fault:
            report(f"WEBSOCKET {scope['path']!a}", fault)

    def refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and one sentence if this request is to be refused."""
        headers = Headers(scope=scope)
        host, origin = headers.get("host"), headers.get("origin")
        if not host_allowed(host, self.names):
            words = _(
                "This server does not go by the name {host}; "
                "start it with EXPLORER_NAMES set to the names it should answer to."
            )
            return 400, words.format(host=ascii((host or "")[:80]))
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS
        if changes and not origin_allowed(origin, host, self.names):
            return 403, _("A page from another site may not talk to this server.")
        query: bytes = scope["query_string"]
        if len(query) > LONGEST_QUERY or query.count(b"&") >= MOST_PARAMETERS:
            words = _("This link is too long: at most {characters:,} characters and {parameters} parameters are read.")
            return 414, words.format(characters=LONGEST_QUERY, parameters=MOST_PARAMETERS)
        return None
