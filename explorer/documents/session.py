"""The source text's own Python session, as it came out on the measured module."""

from __future__ import annotations

from explorer.findings import Findings


def session_text(findings: Findings) -> str | None:
    """``print(block)`` and ``output.shape`` at Python's prompt; None until the block has been built.

    What is printed is the live module's own structure and the shape that it gave.
    """
    live = findings.dense.measurement
    if live is None:
        return None
    block, size, run = findings.study.block, findings.study.input, findings.study.run
    cast = "" if run.dtype == "float32" else f".to(torch.{run.dtype})"
    typed = "" if run.dtype == "float32" else f", dtype=torch.{run.dtype}"
    shape = f"{size.batch}, {block.in_channels}, {size.height}, {size.width}"
    lines = [
        f">>> block = Denseblock({block.in_channels}, {block.growth_rate}, {block.layers}){cast}",
        ">>> print(block)",
        live.structure.rstrip("\n"),
        *([">>> block = block.eval().requires_grad_(False)"] if run.mode == "inference" else []),
        f">>> output = block(torch.randn({shape}{typed}))",
        ">>> output.shape",
        f"torch.Size({list(live.output_shape)})",
    ]
    return "\n".join(lines) + "\n"
