"""``explorer.trace``: attributions exactly, numbers against the closed forms, and a module that is left as it was."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
import traced_modules as own
from torch import nn

import explorer
from explorer.blocks import build
from explorer.findings import Trace, from_builtins, to_builtins
from explorer.measure import trace as tracing
from explorer.spec import DenseBlockSpec, DenseNetSpec, InputSpec, RunSpec
from explorer.theory import block_theory, kept_bytes
from explorer.theory.network import network_theory

pytestmark = pytest.mark.usefixtures("one_thread")
Joined = list[tuple[str, int]]


def joined(found: Trace) -> list[Joined]:
    """(name of the source, channels) of every slice of every concatenation."""
    return [[(found.sources[one.source].name, one.channels) for one in cat.slices] for cat in found.concatenations]


def test_a_torchvision_like_densenet_is_x0_and_a_slice_a_layer() -> None:
    found = explorer.trace(own.DenseNet(), torch.randn(2, 3, 32, 32))
    first = [("features.conv0", 8), *((f"features.denseblock1.denselayer{i}", 4) for i in (1, 2))]
    second = [("features.transition1", 8), *((f"features.denseblock2.denselayer{i}", 4) for i in (1, 2, 3))]
    assert joined(found) == [first[:1], first[:2], first, second[:1], second[:2], second[:3], second]
    assert [cat.module.removeprefix("features.") for cat in found.concatenations] == [
        "denseblock1.denselayer1", "denseblock1.denselayer2", "denseblock1",
        "denseblock2.denselayer1", "denseblock2.denselayer2", "denseblock2.denselayer3", "denseblock2",
    ]  # fmt: skip
    assert [*map(len, found.stages)] == [3, 4]
    assert found.concatenations[2].inputs == (8, 4, 4) and found.concatenations[2].shape == (2, 16, 8, 8)
    assert found.concatenations[2].copied_bytes == 2 * 16 * 8 * 8 * 4
    assert found.concatenations[0].slices[0].through == ("batch_norm", "relu", "max_pool2d")
    layer = found.sources[1]
    assert (layer.kind, layer.module, layer.op) == (
        "_DenseLayer",
        "features.denseblock1.denselayer1.conv2",
        "convolution",
    )
    assert not any(source.far for source in found.sources) and found.notes == ()
    assert found.output_shapes == ((2, 10),)
    maps = 2 * 4 * (8 * 8 * (8 + 2 * 4) + 4 * 4 * (8 + 3 * 4))
    assert found.joined_bytes == maps < found.copied_bytes


def test_dropout_and_checkpoints_change_no_attribution_and_are_told() -> None:
    plain = explorer.trace(own.DenseNet(), torch.randn(2, 3, 32, 32))
    found = explorer.trace(own.DenseNet(drop=0.2, memory_efficient=True), torch.randn(2, 3, 32, 32))
    assert joined(found) == joined(plain)
    (note,) = found.notes
    assert "denselayer3.norm1" in note and "(a checkpoint)" in note
    assert found.kept_bytes is not None and plain.kept_bytes is not None


def test_a_whole_network_s_numbers_are_the_closed_forms() -> None:
    found = explorer.trace(own.DenseNet(), torch.randn(2, 3, 32, 32))
    forms = network_theory(DenseNetSpec((2, 3), 4, 8, classes=10), InputSpec(2, 32, 32))
    assert (found.parameters, found.macs, found.kept_bytes) == (forms.parameters, forms.macs, forms.saved_bytes)


@pytest.mark.parametrize("shape", [(2, 6, 3, 4, 5), (1, 16, 4, 2, 7)])
@pytest.mark.parametrize("last", [torch.contiguous_format, torch.channels_last])
def test_a_chain_is_taken_apart_and_its_numbers_are_the_closed_forms(
    shape: tuple[int, ...], last: torch.memory_format
) -> None:
    n, c0, layers, k, side = shape
    block, size, run = DenseBlockSpec(c0, k, layers), InputSpec(n, side, side), RunSpec()
    found = explorer.trace(build(block), torch.randn(n, c0, side, side).to(memory_format=last))
    forms = block_theory(block, size, run)
    assert (found.parameters, found.macs, found.saved_bytes) == (forms.parameters, forms.macs, forms.saved_bytes)
    assert found.kept_bytes == kept_bytes(block, size, "float32", "concat")
    assert found.output_shapes == (forms.output_shape,)
    cats = joined(found)
    assert [len(cat) for cat in cats] == [*range(2, layers + 2)]
    assert cats[-1][0] == ("input", c0) and {channels for _, channels in cats[-1][1:]} == {k}
    assert [sum(channels for _, channels in cat) for cat in cats] == [block.width_before(i + 2) for i in range(layers)]


def test_a_unet_names_its_skips_and_says_that_they_come_from_afar() -> None:
    found = explorer.trace(own.UNet(), torch.randn(1, 3, 16, 16))
    assert joined(found) == [[("enc2", 8), ("up2", 8)], [("enc1", 4), ("dec2", 8)]]
    assert [source.name for source in found.sources if source.far] == ["enc1", "enc2"]
    assert found.concatenations[1].slices[1].through == ("batch_norm", "relu", "upsample_bilinear2d")
    assert [cat.size for cat in found.concatenations] == [(8, 8), (16, 16)]
    assert found.joined_bytes == found.copied_bytes and found.notes == ()


class Nested(nn.Module):
    """The corner of a U-Net++: what a concatenation has made waits for another one while a smaller size is joined."""

    def __init__(self) -> None:
        super().__init__()
        self.top, self.mid, self.low = nn.Conv2d(3, 2, 1), nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 1)
        self.one, self.two = nn.Conv2d(4, 2, 1), nn.Conv2d(4, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pool, grow = nn.functional.avg_pool2d, nn.functional.interpolate
        top = self.top(x)
        mid = self.mid(pool(top, 2))
        low = self.low(pool(mid, 2))
        one = self.one(torch.cat([top, grow(mid, scale_factor=2)], 1))
        two = self.two(torch.cat([mid, grow(low, scale_factor=2)], 1))
        return torch.cat([top, one, grow(two, scale_factor=2)], 1)


def test_what_waits_while_others_are_joined_comes_from_afar_too() -> None:
    found = explorer.trace(Nested(), torch.randn(1, 3, 16, 16))
    assert joined(found) == [[("top", 2), ("mid", 2)], [("mid", 2), ("low", 2)], [("top", 2), ("one", 2), ("two", 2)]]
    assert {source.name: source.far for source in found.sources} == {
        "top": True, "mid": True, "low": True, "one": True, "two": False,
    }  # fmt: skip


def test_other_dimensions_are_not_drawn_and_told() -> None:
    found = explorer.trace(own.Elsewhere(), torch.randn(2, 3, 8, 8))
    assert joined(found) == [[("conv", 4), ("input", 3)]]
    told = [note.split(" in ")[0] for note in found.notes]
    expected = [(0, 4), (3, 4), (2, 4), (1, 2)]
    assert told == [f"1 concatenation along dimension {d} of {n}-dimensional tensors" for d, n in expected]


def test_writing_in_place_is_followed_and_told() -> None:
    found = explorer.trace(own.InPlace(), torch.randn(2, 3, 8, 8))
    assert joined(found) == [[("first", 4), ("second", 2), ("input", 3)]]
    (note,) = found.notes
    assert note.startswith("The module writes 6 channels in place")


def test_what_no_module_made_is_told_and_never_guessed() -> None:
    found = explorer.trace(own.Mixed(), torch.randn(2, 4, 4, 4))
    assert joined(found) == [
        [("conv (1)", 2), ("conv (1)", 2), ("conv (2)", 4), ("add in Mixed", 4), ("reshape in Mixed", 4),
         ("place", 1), ("zeros in Mixed", 1)]
    ]  # fmt: skip
    makers = {source.name: source.maker for source in found.sources}
    assert makers["place"] == "parameter" and makers["zeros in Mixed"] == "constant"
    first, second = found.notes
    assert first.startswith("The module itself runs reshape and add") and "no maps" in second


class Shuffled(nn.Module):
    """A unit of ShuffleNet: one half of shuffled channels goes on beside a branch that begins at a larger size."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(4, 4, 3, 2, 1), nn.Sequential(nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3, 2, 1))
        self.last = nn.Conv2d(4, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.cat([self.one(x), self.two(x)], 1)
        n, c, h, w = y.shape
        left, right = y.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w).chunk(2, 1)
        return torch.cat([left, self.last(right)], 1)


def test_what_is_shuffled_is_made_by_that_and_a_branch_is_no_skip() -> None:
    found = explorer.trace(Shuffled(), torch.randn(2, 4, 8, 8))
    assert joined(found) == [[("one", 4), ("two", 4)], [("reshape in Shuffled", 4), ("last", 4)]]
    assert not any(source.far for source in found.sources) and "itself runs reshape" in found.notes[0]


class Sequences(nn.Module):
    """A class token before tokens, and two convolutions along a line."""

    def __init__(self) -> None:
        super().__init__()
        self.line, self.token = nn.Conv1d(4, 2, 3, padding=1), nn.Parameter(torch.zeros(1, 1, 8))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        tokens = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1)
        return tokens, torch.cat([self.line(x), x], 1)


def test_tokens_are_no_channels() -> None:
    found = explorer.trace(Sequences(), torch.randn(2, 4, 8))
    assert joined(found) == [[("line", 2), ("input", 4)]]
    assert found.notes == ("1 concatenation along dimension 1 of 3-dimensional tensors in the module: not drawn.",)


def test_arguments_by_name_and_a_dict_of_outputs() -> None:
    given = {"picture": torch.randn(2, 3, 4, 4), "mask": torch.randn(2, 1, 4, 4), "scale": 2.0}
    found = explorer.trace(own.Named(), given)
    assert joined(found) == [[("conv", 2), ("input mask", 1)]]
    assert found.input_shapes == ((2, 3, 4, 4), (2, 1, 4, 4)) and found.kept_bytes is not None
    by_place = explorer.trace(own.Named(), (given["picture"], given["mask"]))
    assert joined(by_place) == [[("conv", 2), ("input 2", 1)]]


def test_it_follows_the_module_s_mode() -> None:
    found = explorer.trace(own.DenseNet().eval(), torch.randn(1, 3, 32, 32))
    assert not found.training and found.kept_bytes is None and found.saved_bytes is None
    frozen = explorer.trace(own.UNet().requires_grad_(False), torch.randn(2, 3, 16, 16))
    assert not frozen.training and "only a forward pass" in frozen.notes[0]


@pytest.mark.parametrize("fails", [False, True])
def test_the_module_is_left_as_it_was(fails: bool) -> None:
    module = own.DenseNet(drop=0.5)
    module.classifier.weight.requires_grad_(False)
    module.features[1].eval()
    module(torch.randn(2, 3, 32, 32)).sum().backward()
    before, example = copy.deepcopy(module), torch.randn(2, 3, 32, 32)
    gradients = [one.grad if one.grad is None else one.grad.clone() for one in module.parameters()]
    whole, seed = example.clone(), torch.get_rng_state()
    if fails:
        with pytest.raises(RuntimeError, match="expected input"):
            explorer.trace(module, example[:, :2])
    else:
        explorer.trace(module, example)
    assert torch.equal(seed, torch.get_rng_state()) and torch.equal(whole, example)
    for old, new in zip(before.parameters(), module.parameters(), strict=True):
        assert torch.equal(old, new) and old.requires_grad == new.requires_grad
    for gradient, one in zip(gradients, module.parameters(), strict=True):
        assert one.grad is None if gradient is None else one.grad is not None and torch.equal(gradient, one.grad)
    assert all(torch.equal(old, new) for old, new in zip(before.buffers(), module.buffers(), strict=True))
    assert [one.training for one in before.modules()] == [one.training for one in module.modules()]
    assert not any(one._forward_hooks or one._forward_pre_hooks for one in module.modules())


def test_what_does_not_fit_is_followed_on_tensors_without_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    module, example = own.DenseNet(), torch.randn(2, 3, 32, 32)
    real = explorer.trace(module, example)
    monkeypatch.setattr(tracing, "_SHARE", 1e-9)
    fake = explorer.trace(module, example)
    assert fake.fake and not real.fake
    assert to_builtins(fake) | {"fake": False} == to_builtins(real)


@pytest.mark.parametrize(
    ("module", "example", "says"),
    [
        (own.UNet, torch.zeros(1), "module must be a torch.nn.Module, not a type"),
        (own.UNet(), "x", "example_input must be a tensor"),
        (own.UNet(), (), "example_input must be a tensor"),
    ],
)
def test_what_cannot_be_is_told(module: Any, example: Any, says: str) -> None:
    with pytest.raises(TypeError, match=says):
        explorer.trace(module, example)


class Lazy(nn.Module):
    """Learns its channels from what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.LazyConv2d(4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.conv(x), x], 1)


class Uncopied(own.UNet):
    def __deepcopy__(self, memo: object) -> None:
        raise ValueError("There is one of me.")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # TorchScript's own
def test_lazy_compiled_and_scripted_modules_run_as_they_were_written() -> None:
    lazy, x = Lazy(), torch.randn(2, 3, 16, 16)
    assert joined(explorer.trace(lazy, x)) == [[("conv", 4), ("input", 3)]] and lazy.conv.in_channels == 0
    unet = own.UNet().eval()
    assert joined(explorer.trace(torch.compile(unet, backend="eager"), x)) == joined(explorer.trace(unet, x))
    scripted = explorer.trace(torch.jit.trace(unet, x), x)  # type: ignore[no-untyped-call]  # torch's own
    assert len(scripted.concatenations) == 2 and "is TorchScript" in scripted.notes[0]
    with pytest.raises(TypeError, match=r"module cannot be copied \(ValueError: There is one of me\)"):
        explorer.trace(Uncopied(), x)


def test_it_crosses_a_process_s_edge_as_builtins() -> None:
    found = explorer.trace(own.UNet(), torch.randn(1, 3, 16, 16))
    assert from_builtins(Trace, to_builtins(found)) == found


def test_a_notebook_shows_picture_numbers_and_notes() -> None:
    shown = explorer.trace(own.InPlace(), torch.randn(2, 3, 8, 8))._repr_mimebundle_()
    assert shown["image/svg+xml"].startswith("<svg") and "InPlace concatenates once" in shown["text/markdown"]
    assert "in place" in shown["text/plain"] and "in place" in shown["text/html"]
    assert "first 4 · second 2 · input 3" in shown["text/plain"]
