"""A Study's tables for a paper: LaTeX with booktabs, to be read by ``\\input``."""

from __future__ import annotations

from explorer.documents.carried import carried
from explorer.documents.tables import Table, compare_table, layers_table
from explorer.graph import concat_graph
from explorer.language import _, language
from explorer.pictures import spoken
from explorer.pictures.words import input_words
from explorer.spec import Study
from explorer.version import VERSION

_PAGE = 40  # rows that one page holds
_WIDE, _SMALL = 40, r"\scriptsize\setlength{\tabcolsep}{3pt}"  # characters in a row that fit in the text's own size
_CTEX = r"\usepackage{ctex}"
_SIGNS = {
    **{sign: rf"\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "−": "--",
    "–": "--",
    "’": "'",
    "²": "$^2$",
    **{sign: f"$_{{{digit}}}$" for digit, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
}


def latex_document(study: Study) -> str:
    """The Dense Block beside the residual blocks, then a row a Bottleneck, with captions and labels."""
    title, size = spoken.title(concat_graph(study.block)), input_words(study)
    long = study.block.layers > _PAGE
    made = _("Closed forms; Dense Block Explorer {version}.").format(version=VERSION)
    packages = r"\usepackage{booktabs,graphicx" + (",longtable}" if long else "}")
    lines = [f"% {carried(study)}", f"% {_('Needs {packages}.').format(packages=packages)}"]
    lines += _table(compare_table(study), f"{title} {_first_large(size)}. {made}", "dense-block")
    if language() == "zh":
        lines.append(f"% {_('Set by XeLaTeX or LuaLaTeX, with {package}.').format(package=_CTEX)}")
    words = _("The same Dense Block, Bottleneck by Bottleneck: channels that each reads, makes and gives.")
    lines += (_longtable if long else _table)(layers_table(study), f"{words} {made}", "dense-block-layers")
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """``text`` as LaTeX prints it, its own signs and those of formulas included."""
    return "".join(_SIGNS.get(sign, sign) for sign in text)


def _first_large(text: str) -> str:
    return text[:1].upper() + text[1:]


def _table(table: Table, caption: str, label: str) -> list[str]:
    rows = [r"\toprule", _row(table.heads), r"\midrule", *map(_row, table.rows), r"\bottomrule"]
    return [
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{escaped(caption)}}}",
        rf"  \label{{tab:{label}}}",
        r"  \sbox0{%",
        rf"  \begin{{tabular}}{{{_columns(table)}}}",
        *(f"    {row}" for row in rows),
        r"  \end{tabular}}",
        r"  \ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox0}\else\usebox0\fi",  # never wider than the page
        r"\end{table}",
    ]


def _longtable(table: Table, caption: str, label: str) -> list[str]:
    head = [r"\toprule", _row(table.heads), r"\midrule"]
    wide = max(sum(map(len, row)) for row in table.rows) > _WIDE
    return [
        rf"\begingroup{_SMALL if wide else ''}",
        rf"\begin{{longtable}}{{{_columns(table)}}}",
        rf"  \caption{{{escaped(caption)}}}\label{{tab:{label}}}\\",
        *(f"  {line}" for line in [*head, r"\endfirsthead", *head, r"\endhead", r"\bottomrule", r"\endfoot"]),
        *(f"  {_row(row)}" for row in table.rows),
        r"\end{longtable}",
        r"\endgroup",
    ]


def _columns(table: Table) -> str:
    return "l" + "r" * (len(table.heads) - 1)


def _row(cells: tuple[str, ...]) -> str:
    return " & ".join(map(escaped, cells)) + r" \\"
