"""One number, its origins, and whether they agree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Origin = Literal["closed_form", "counted", "tracked", "device", "measured"]


@dataclass(frozen=True)
class Quantity:
    """One quantity of one block as each origin gives it.

    Attributes:
        name: ``parameters``, ``macs``, ``saved_bytes``, ``peak_bytes``.
        unit: what one is, such as ``bytes``.
        convention: how it is counted, in a few words for the page.
        values: origin → value; an origin that does not apply is absent.
        exact: the origins that must agree to the unit. ``device`` is never among them:
            an allocator rounds and keeps workspaces.
        ran: whether the live number was taken while the block ran; False on fake tensors.
    """

    name: str
    unit: str
    convention: str
    values: dict[str, int] = field(default_factory=dict)
    exact: tuple[str, ...] = ("closed_form", "counted", "tracked")
    ran: bool = True

    @property
    def value(self) -> int | None:
        """The number to show: the closed form where there is one, else the live one."""
        return next((self.values[o] for o in ("closed_form", "counted", "tracked", "device") if o in self.values), None)

    @property
    def live(self) -> int | None:
        """The number counted or tracked on the live module, if it has run."""
        return next((self.values[o] for o in ("counted", "tracked") if o in self.values), None)

    @property
    def differs(self) -> int:
        """Live value less closed form; 0 where they agree or one of them is missing."""
        form = self.values.get("closed_form")
        return 0 if form is None or self.live is None else self.live - form

    @property
    def stamp(self) -> str:
        """What the page writes beside it: ``✓ counted`` means that closed form and count agree.

        ``✓ counted, not run`` says the same of a count on fake tensors.
        """
        if self.differs:
            return "✕ counts differ"
        if self.live is None:
            return "closed form" if "closed_form" in self.values else "not measured"
        if "closed_form" in self.values:
            return "✓ counted" if self.ran else "✓ counted, not run"
        return "tracked" if self.ran else "tracked, not run"
