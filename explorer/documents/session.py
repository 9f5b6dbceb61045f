"""The source text's own Python session, as it came out on the measured module."""

from __future__ import annotations

from explorer.findings import BlockMeasurement, Findings
from explorer.language import _
from explorer.pictures.words import device_words, output_sum, why


def session_text(findings: Findings) -> str | None:
    """``print(block)`` and ``output.shape`` at Python's prompt; None until the block has been built.

    What is printed is the live module's own structure and the shape that it gave. A comment tells the
    sum of the measured run's output, or that there was no run: then the structure is that of the
    module built without memory, and the shape what fake tensors gave.
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
    return "\n".join((*_not_run(live), *lines, *_sum(live, run.seed))) + "\n"


def _not_run(live: BlockMeasurement) -> list[str]:
    if not live.fake:
        return []
    reason = [f"# {why(live.refusal)}"] if live.refusal else []
    return [*reason, "# " + _("Not run: shown is what the module is, and its shape on tensors that hold no memory.")]


def _sum(live: BlockMeasurement, seed: int) -> list[str]:
    """A comment, not a command: typed here, the input would be another draw."""
    if live.output_sum is None:
        return []
    words = _(
        "The measured run, with weights and input as the PyTorch file draws them (seed {seed}, {device}): "
        "the output’s sum was {sum}."
    )
    return ["# " + words.format(seed=seed, device=device_words(live.device), sum=output_sum(live.output_sum))]
