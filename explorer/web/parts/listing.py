"""A text to read and to copy: code, a session, a graph's source.

Streamlit's own element for that loads a highlighter of 1.5 MB for some eighty languages, up to a fifth of what opening
the page takes the browser, and its text can be scrolled by pointer alone.
"""

from __future__ import annotations

from functools import lru_cache
from html import escape

from explorer.web.parts.share import copier

#: Kinds of Pygments' tokens → the class that ``listing.css`` draws; the first that holds what a token is.
_DRAWN = (
    ("Comment", "remark"),
    ("Literal.String.Doc", "remark"),
    ("Keyword", "keyword"),
    ("Operator.Word", "keyword"),
    ("Name.Class", "defined"),
    ("Name.Function", "defined"),
    ("Name.Decorator", "defined"),
)


def listing(text: str, title: str, what: str, *, python: bool = False) -> str:
    """HTML for a panel: ``title``, a button that copies ``text`` and says ``what`` it is, and the text.

    ``python`` sets off keywords, comments, and the names that are defined. The text of a long session stays plain: of
    a block of 64 Bottlenecks that would be ten thousand elements, two thirds of the page's.
    """
    shown = _python(text) if python else escape(text)
    return (
        f'<div class="listing"><p class="sub">{escape(title)}</p>{copier(what)}'
        f'<pre tabindex="0" role="region" aria-label="{escape(title)}"><code>{shown}</code></pre></div>'
    )


@lru_cache(maxsize=32)
def _python(text: str) -> str:
    """``text`` escaped, its tokens in spans of the classes of :data:`_DRAWN`."""
    from pygments import lex  # a start of the server need not wait for it
    from pygments.lexers.python import PythonLexer
    from pygments.token import string_to_tokentype

    drawn = [(string_to_tokentype(f"Token.{kind}"), name) for kind, name in _DRAWN]
    parts = []
    for kind, piece in lex(text, PythonLexer(stripnl=False, ensurenl=False)):
        of = next((name for token, name in drawn if kind in token), None)
        parts.append(f'<span class="{of}">{escape(piece)}</span>' if of else escape(piece))
    return "".join(parts)
