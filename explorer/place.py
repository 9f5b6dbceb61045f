"""Where ``app.py``, ``pages/`` and ``.streamlit/`` lie: beside the package, or in it where it is installed."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent

#: The folder of all three; pyproject.toml puts them there when a package is built.
HOME = _CHECKOUT if (_CHECKOUT / "app.py").is_file() else _PACKAGE / "served"
