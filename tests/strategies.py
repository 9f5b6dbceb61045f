"""Hypothesis strategies for specs and Studies, small enough to build where a test builds them."""

from __future__ import annotations

from hypothesis import strategies as st

from explorer.spec import (
    FIELDS,
    NETWORKS,
    Choice,
    CounterpartSpec,
    DenseBlockSpec,
    GradientsSpec,
    InputSpec,
    LessonSpec,
    MemorySpec,
    NetworksSpec,
    ResidualSpec,
    RunSpec,
    Study,
    ViewSpec,
    reference_text,
)

DTYPES = ("float32", "float64", "bfloat16", "float16")
UNITS = ("preactivation", "postactivation", "basic")


def dense_blocks(channels: int = 4096, growth: int = 512, layers: int = 64) -> st.SearchStrategy[DenseBlockSpec]:
    """Dense Blocks of every variant, up to the given sizes."""
    return st.builds(
        DenseBlockSpec,
        in_channels=st.integers(1, channels),
        growth_rate=st.integers(1, growth),
        layers=st.integers(1, layers),
        bottleneck_factor=st.integers(1, 16),
        bottleneck=st.booleans(),
        order=st.sampled_from(("pre", "post")),
    )


def residual_blocks(channels: int = 512, units: int = 64) -> st.SearchStrategy[ResidualSpec]:
    """Stacks of every kind of residual unit, with and without a projection."""

    def of(before: int, after: int) -> st.SearchStrategy[ResidualSpec]:
        return st.builds(
            ResidualSpec,
            in_channels=st.just(before),
            out_channels=st.sampled_from((after, max(2, before))),
            inner_width=st.integers(1, channels),
            units=st.integers(1, units),
            unit=st.sampled_from(UNITS),
        )

    return st.tuples(st.integers(1, channels), st.integers(2, channels)).flatmap(lambda pair: of(*pair))


def inputs(low: int = 1, high: int = 1024) -> st.SearchStrategy[InputSpec]:
    """Inputs whose three sizes each lie between ``low`` and ``high``."""
    size = st.integers(low, high)
    return st.builds(InputSpec, batch=size, height=size, width=size)


def selections(layers: int) -> st.SearchStrategy[str | None]:
    """Every kind of selection that a block of ``layers`` Bottlenecks has."""
    layer = st.integers(1, layers)
    return st.one_of(
        st.none(),
        layer.map(lambda i: f"layer-{i}"),
        st.integers(0, layers).map(lambda i: f"source-{i}"),
        st.integers(1, 64).map(lambda i: f"unit-{i}"),
        layer.flatmap(lambda reader: st.integers(0, reader - 1).map(lambda source: f"{source}-{reader}")),
    )


def memories() -> st.SearchStrategy[MemorySpec]:
    """What the Memory page may be asked: every choice of every field."""
    domains = {info.name: info.domain for info in FIELDS.values() if info.section == "memory"}
    options = {name: domain.options for name, domain in domains.items() if isinstance(domain, Choice)}
    return st.builds(MemorySpec, **{name: st.sampled_from(words) for name, words in options.items()})


def networks() -> st.SearchStrategy[NetworksSpec]:
    """What the Networks page may be asked, networks of one's own among them."""
    own = st.sampled_from(("6-12-24-16-k24", "4-8-k12-c24-t1", "3-k8-b2-plain-cifar", "64-64-64-k8-t0.25"))
    return st.builds(
        NetworksSpec,
        network=st.sampled_from(tuple(NETWORKS)) | own,
        against=st.sampled_from(tuple(NETWORKS)) | own,
        image_size=st.integers(64, 1024),
        heights=st.sampled_from(("channels", "bytes")),
        frontier=st.sampled_from(("parameters", "macs", "saved_bytes")),
    )


def gradients() -> st.SearchStrategy[GradientsSpec]:
    """What the Gradients page may be asked."""
    return st.builds(
        GradientsSpec,
        batch_norm=st.booleans(),
        init=st.sampled_from(("default", "he", "half")),
        data=st.sampled_from(("digits", "noise")),
        stack_unit=st.sampled_from(("preactivation", "bottleneck")),
        seeds=st.integers(5, 20),
        steps=st.integers(10, 1000),
        learning_rate=st.sampled_from(("0.1", "0.02", "0.002", "0.0002")),
        gradient=st.sampled_from(("raw", "free", "weights")),
        trained=st.booleans(),
    )


def lessons() -> st.SearchStrategy[LessonSpec]:
    """Where a person may be in a lesson."""
    fields = st.none() | st.sampled_from(("growth_rate", "growth_rate,layers"))
    return st.builds(
        LessonSpec,
        chapter=st.integers(1, 99),
        state=st.sampled_from(("ask", "answer", "play")),
        guess=st.none() | st.sampled_from(("1", "0.6,0.6,0.7,0.8", "1e-30,2")),
        placed=st.none() | st.sampled_from(("bn1-relu1", "a")),
        tried=st.none() | st.sampled_from(("24", "true", "half")),
        locked=fields,
        hide=fields | st.just("answers,init"),
    )


@st.composite
def studies(draw: st.DrawFn) -> Study:
    """Legal Studies that use every field."""
    block = draw(dense_blocks())
    mode = draw(st.sampled_from(("training", "inference")))
    size = draw(inputs().filter(lambda i: mode == "inference" or i.positions >= 2))
    run = draw(
        st.builds(
            RunSpec,
            dtype=st.sampled_from(DTYPES),
            mode=st.just(mode),
            device=st.sampled_from(("auto", "cpu", "mps", "cuda", "cuda:0", "cuda:12")),
            seed=st.integers(0, 2**32 - 1),
        )
    )
    choice = draw(
        st.builds(
            CounterpartSpec,
            match=st.sampled_from(("depth", "parameters", "macs", "saved_bytes")),
            unit=st.sampled_from(UNITS),
        )
    )
    view = draw(
        st.builds(
            ViewSpec,
            drawing=st.sampled_from(("chain", "paper")),
            select=selections(block.layers),
            image=st.sampled_from(("pattern", "noise", "upload")),
            matrix=st.sampled_from(("share", "channels", "bytes", "weights")),
            reference=st.none() | dense_blocks().map(reference_text),
            present=st.booleans(),
            lang=st.sampled_from(("auto", "en", "zh")),
        )
    )
    return Study(block, size, choice, run, view, draw(memories()), draw(networks()), draw(gradients()), draw(lessons()))
