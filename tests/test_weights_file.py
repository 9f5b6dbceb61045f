"""Files of weights: what is in them is read as it is, and what attacks the reader is refused with a sentence."""

from __future__ import annotations

import io
import os
import pickle
import sys
import time
import tracemalloc
import urllib.error
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save as save_safetensors
from torch import Tensor

from explorer.blocks.network import build_network
from explorer.blocks.weights import to_torchvision
from explorer.findings import Problem
from explorer.measure import weights_file
from explorer.measure.problems import StoppedError
from explorer.measure.weights_fetched import fetched_weights
from explorer.measure.weights_file import FLOATS, checked, parameters_of, weights_from_bytes, weights_from_path
from explorer.spec import (
    NETWORKS,
    PUBLISHED_WEIGHTS,
    DenseNetSpec,
    InputSpec,
    most_weight_bytes,
    published_weights,
)
from explorer.theory.network import network_theory

SMALL = DenseNetSpec((2, 3), 4, 6, classes=5)
SPECS = (SMALL, DenseNetSpec((3, 2), 3, 5, 1.0, bottleneck=False, stem="cifar", classes=4), DenseNetSpec((1,), 2, 3))
DENSE = {name: spec for name, spec in NETWORKS.items() if isinstance(spec, DenseNetSpec)}
State = dict[str, Tensor]


@pytest.fixture(autouse=True, scope="module")
def quick() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def state_of(spec: DenseNetSpec, seed: int = 3) -> State:
    """A state of ``spec`` under torchvision's names, its statistics drawn too."""
    torch.manual_seed(seed)
    state = to_torchvision(spec, build_network(spec).state_dict())
    return {name: torch.randn_like(value) if value.is_floating_point() else value for name, value in state.items()}


def older(state: State) -> State:
    """As files of before 2018 spell it, which count no batches."""
    found = {}
    for name, value in state.items():
        if "denselayer" in name:
            for kind in ("norm1", "norm2", "conv1", "conv2"):
                name = name.replace(f".{kind}.", f".{kind[:-1]}.{kind[-1]}.")
        if not name.endswith("num_batches_tracked"):
            found[name] = value
    return found


def zipped(value: object) -> bytes:
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def legacy(value: object) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def safe(state: State) -> bytes:
    return save_safetensors({name: value.contiguous() for name, value in state.items()})


WRITERS: dict[str, Callable[[Any], bytes]] = {"safetensors": safe, "zip": zipped, "legacy": legacy}
each_writer = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())


def refusal(spec: DenseNetSpec, data: bytes) -> Problem:
    with pytest.raises(StoppedError) as stopped:
        weights_from_bytes(spec, data)
    return told(stopped.value.problem)


def told(problem: Problem) -> Problem:
    """``problem``, which a person can be shown."""
    assert problem.kind == "unsupported" and problem.message.endswith(".") and problem.advice.endswith(".")
    assert len(problem.message) < 400 and problem.message.isprintable() and "Traceback" not in problem.message
    return problem


# --- what is read -----------------------------------------------------------------------------------


@each_writer
@pytest.mark.parametrize("spelled", [dict, older], ids=["now", "before 2018"])
@pytest.mark.parametrize("spec", SPECS, ids=["bottlenecks", "cifar", "one block"])
def test_a_file_is_read_as_it_was_written(
    spec: DenseNetSpec, spelled: Callable[[State], State], write: Callable[[Any], bytes], tmp_path: Path
) -> None:
    state = state_of(spec)
    data = write(spelled(state))
    path = tmp_path / "weights"
    path.write_bytes(data)
    for found in (weights_from_bytes(spec, data), weights_from_path(spec, str(path))):
        assert all(torch.equal(value, state[name]) for name, value in to_torchvision(spec, found).items())
        assert len(found) == len(spelled(state))
    assert [file.name for file in tmp_path.iterdir()] == ["weights"]


@each_writer
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_every_type_of_number_that_weights_have_is_read(dtype: torch.dtype, write: Callable[[Any], bytes]) -> None:
    state = {name: v.to(dtype) if v.is_floating_point() else v for name, v in state_of(SMALL).items()}
    found = to_torchvision(SMALL, weights_from_bytes(SMALL, write(state)))
    assert all(torch.equal(value, state[name]) and value.dtype == state[name].dtype for name, value in found.items())


@pytest.mark.parametrize("write", [zipped, legacy])
def test_tensors_that_share_or_are_turned_are_read_as_they_are(write: Callable[[Any], bytes]) -> None:
    state = state_of(SMALL)
    weight = state["classifier.weight"]
    state["classifier.weight"] = weight.t().contiguous().t()  # stored column by column
    whole = torch.randn(30)
    state["features.norm0.weight"], state["features.norm0.bias"] = whole[3:9], whole[20:26]  # two parts of one storage
    state["features.conv0.weight"] = torch.nn.Parameter(state["features.conv0.weight"])
    found = to_torchvision(SMALL, weights_from_bytes(SMALL, write(state)))
    assert all(torch.equal(value, state[name]) for name, value in found.items())
    assert not any(value.requires_grad for value in found.values())


def test_limits_follow_the_closed_form_and_hold_every_file_that_is_whole() -> None:
    for spec in (*SPECS, DenseNetSpec((64, 9), 1, 1)):
        assert parameters_of(spec) == network_theory(spec, InputSpec(1, 128, 128)).parameters
        wide = {name: v.double() if v.is_floating_point() else v for name, v in state_of(spec).items()}
        assert max(len(write(wide)) for write in WRITERS.values()) < most_weight_bytes(parameters_of(spec))
    assert parameters_of(DENSE["densenet121"]) == 7_978_856


# --- what wants to do something ---------------------------------------------------------------------


class Evil:
    """Leaves a file behind wherever a pickle is taken at its word."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_a_pickle_that_wants_to_run_code_runs_none(tmp_path: Path) -> None:
    mark = tmp_path / "was here"
    pickle.loads(pickle.dumps(Evil(mark)))
    assert mark.exists(), "the attack is one"
    mark.rmdir()
    state = state_of(SMALL)
    for write in (zipped, legacy):
        for value in (Evil(mark), state | {"extra": Evil(mark)}, {"state_dict": [Evil(mark)]}):
            problem = refusal(SMALL, write(value))
            assert "mkdir' to be called while it is read, which is never done" in problem.message
    assert refusal(SMALL, pickle.dumps(Evil(mark))).message == "This is no weights file that can be read."
    assert not mark.exists()


def test_a_whole_module_is_not_unpickled() -> None:
    message = refusal(SMALL, zipped(build_network(SMALL))).message
    assert "asks for 'explorer.blocks.network.DenseNet' to be called" in message


# --- what is damaged --------------------------------------------------------------------------------


@each_writer
def test_a_file_that_is_cut_short_anywhere_is_refused(write: Callable[[Any], bytes]) -> None:
    data = write(state_of(SMALL))
    for end in (0, 1, 4, 8, 9, 60, 500, 3_000, len(data) // 2, len(data) - 200, len(data) - 1):
        message = refusal(SMALL, data[:end]).message
        assert any(word in message for word in ("damaged", "empty", "no weights file", "header takes", "claims"))


@each_writer
def test_a_file_with_flipped_bytes_is_read_or_refused_and_never_more(write: Callable[[Any], bytes]) -> None:
    data = write(state_of(SMALL))
    draw = torch.Generator().manual_seed(1)
    for _ in range(25):
        place = int(torch.randint(min(len(data), 6_000), (), generator=draw))
        broken = bytearray(data)
        broken[place] ^= 1 << int(torch.randint(8, (), generator=draw))
        try:
            weights_from_bytes(SMALL, bytes(broken))
        except StoppedError as stopped:
            told(stopped.problem)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"\x89PNG\r\n\x1a\n", b"GIF89a" * 9, b"<html>weights", b"\x80\x04N.", b"PK\3\4" * 99]
)
def test_what_is_no_weights_file_is_refused(data: bytes) -> None:
    refusal(SMALL, data)


# --- what is too large, or claims to be --------------------------------------------------------------


def test_five_gigabytes_are_refused_before_the_file_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "huge.safetensors"
    with path.open("wb") as file:
        file.truncate(5 * 10**9)  # which takes no room on the disk
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("it was opened"))
    begun = time.monotonic()
    with pytest.raises(StoppedError) as stopped:
        weights_from_path(DENSE["densenet121"], str(path))
    assert time.monotonic() - begun < 1
    message = told(stopped.value.problem).message
    assert message == (
        "The file is 4,768.4 MiB large; this network's weights take 30.4 MiB in float32, and up to 95.3 MiB are read."
    )


def test_bytes_that_are_too_many_are_refused_unread() -> None:
    most = most_weight_bytes(parameters_of(SMALL))
    assert f"and up to {most / 2**20:.1f} MiB are read" in refusal(SMALL, b"PK\3\4" + b"\0" * most).message


def test_a_file_that_grows_while_it_is_looked_at_is_read_no_further(tmp_path: Path) -> None:
    path = tmp_path / "growing"
    path.write_bytes(b"\0" * (2 * most_weight_bytes(parameters_of(SMALL))))
    small = os.stat_result((0o100644, 0, 0, 1, 0, 0, 100, 0, 0, 0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "stat", lambda _: small)
        with pytest.raises(StoppedError, match=r"up to 4\.1 MiB are read"):
            weights_from_path(SMALL, str(path))


def bomb(names: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_a_zip_bomb_is_not_inflated() -> None:
    size = 64 << 20
    data = bomb({"archive/data.pkl": bytes(size), "archive/version": b"3"})
    assert len(data) < size // 900
    tracemalloc.start()
    message = refusal(SMALL, data).message
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert f"it holds {size + 1:,} bytes in {len(data):,}. It is not unpacked." in message and peak < 2 << 20


def test_parts_that_lie_over_each_other_are_not_unpacked() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", bytes(100_000))
        first = archive.filelist[0]
        for number in range(50):
            again = zipfile.ZipInfo(f"archive/data/{number}")
            again.file_size, again.compress_size, again.CRC = first.file_size, first.compress_size, first.CRC
            again.header_offset = first.header_offset
            archive.filelist.append(again)
            archive.NameToInfo[again.filename] = again
    assert "bytes in" in refusal(SMALL, file.getvalue()).message


def test_an_archive_of_very_many_parts_is_not_listed() -> None:
    data = bomb({f"a/{number}": b"" for number in range(3_000)}, zipfile.ZIP_STORED)
    assert "3,000 parts, far more than weights need" in refusal(SMALL, data).message


def test_a_pickle_or_header_that_goes_on_and_on_is_not_read() -> None:
    assert "far more to say" in refusal(SMALL, bomb({"a/data.pkl": bytes(3 << 20)}, zipfile.ZIP_STORED)).message
    header = b'{"a":' + b"[" * (2 << 20)
    assert "header takes" in refusal(SMALL, len(header).to_bytes(8, "little") + header).message
    assert "header takes" in refusal(SMALL, (2**63).to_bytes(8, "little") + b"{" + bytes(500)).message
    endless = legacy({})[:-40] + b"K\x01" * (1 << 20)
    refusal(SMALL, endless)


def rewritten(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """The archive ``data`` with the content of its parts changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return bomb({name: change(name, archive.read(name)) for name in archive.namelist()}, zipfile.ZIP_STORED)


def test_an_archive_whose_pickle_claims_more_than_its_parts_hold_is_refused() -> None:
    data = zipped(state_of(SMALL))
    assert weights_from_bytes(SMALL, rewritten(data, lambda _, content: content)), "the way it is written is no fault"
    short = rewritten(data, lambda name, content: content[:8] if name.endswith("/data/0") else content)
    held = state_of(SMALL)["features.conv0.weight"].numel() * 4
    assert f"claims {held:,} bytes of numbers where it holds 8" in refusal(SMALL, short).message


def test_an_archive_in_another_order_of_bytes_is_refused() -> None:
    other = "big" if sys.byteorder == "little" else "little"
    data = zipped(state_of(SMALL))
    turned = rewritten(data, lambda name, content: other.encode() if name.endswith("/byteorder") else content)
    assert "another order of bytes" in refusal(SMALL, turned).message


def test_a_legacy_file_that_claims_gigabytes_allocates_none() -> None:
    data = legacy(state_of(SMALL) | {"extra": torch.zeros(70_000)})
    number = b"J" + (70_000).to_bytes(4, "little")
    assert data.count(number) >= 1
    message = refusal(SMALL, data.replace(number, b"J\xff\xff\xff\x7f")).message
    assert "claims 8,589,9" in message


@pytest.mark.parametrize("fault", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes")])
def test_where_memory_runs_out_the_file_is_named(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: Any, **__: Any) -> Any:
        raise fault

    monkeypatch.setattr(torch, "load", load)
    with pytest.raises(StoppedError, match="not enough memory for what the file says that it holds") as stopped:
        weights_from_bytes(SMALL, legacy(state_of(SMALL)))
    assert stopped.value.problem.kind == "out_of_memory"


# --- what is another network, or no network ----------------------------------------------------------


def test_a_file_of_another_network_is_told_with_three_names_at_most() -> None:
    state = state_of(SMALL)
    other = state_of(DenseNetSpec((2, 4), 4, 6, classes=5))
    problem = refusal(SMALL, zipped(other))
    assert problem.message == (
        "These are not the weights of this network: 12 are too many, the first is "
        "'features.denseblock2.denselayer4.norm1.weight'; 5 of other shapes: "
        "'features.norm3.weight' is 23 instead of 19."
    )
    assert problem.advice.startswith("The file is of blocks 2-4 and not of 2-3.")
    lacking = {n: v for n, v in state.items() if n not in ("features.conv0.weight", "classifier.bias")}
    message = refusal(SMALL, safe(lacking | {"head.bias": torch.zeros(5)})).message
    assert message.endswith("2 are missing, the first is 'features.conv0.weight'; 'head.bias' is one too many.")
    classes = state | {"classifier.weight": torch.zeros(7, state["classifier.weight"].shape[1])}
    assert "'classifier.weight' is 7 × " in refusal(SMALL, legacy(classes)).message


def test_densenet_169_is_not_taken_for_121() -> None:
    state = {name: torch.zeros(()).expand(shape) for name, shape in weights_file._shapes(DENSE["densenet169"]).items()}
    with pytest.raises(StoppedError) as stopped:
        checked(DENSE["densenet121"], state)
    problem = told(stopped.value.problem)
    assert "288 are too many, the first is 'features.denseblock3.denselayer25.norm1.weight'" in problem.message
    assert "blocks 6-12-32-32, as densenet169 has, and not of 6-12-24-16" in problem.advice


@pytest.mark.parametrize("name", ["x" * 9_999, "a\nb\x1b[31m", "\u202eevil", "<script>alert(1)</script>", "", "ключ"])
def test_names_from_a_file_are_made_short_and_harmless(name: str) -> None:
    for write in (safe, zipped, legacy):
        message = refusal(SMALL, write(state_of(SMALL) | {name: torch.zeros(2)})).message
        assert "is one too many" in message or "far more to say" in message
        assert "\u202e" not in message and "\x1b" not in message


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@each_writer
def test_numbers_that_are_not_finite_are_refused(bad: float, write: Callable[[Any], bytes]) -> None:
    state = state_of(SMALL)
    state["features.denseblock2.denselayer3.norm2.running_var"][1] = bad
    message = refusal(SMALL, write(state)).message
    what = "NaN" if bad != bad else "infinity"
    assert message.startswith(f"'features.denseblock2.denselayer3.norm2.running_var' holds {what}")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([torch.zeros(2)], "holds no named tensors"),
        (torch.zeros(2), "holds no named tensors"),
        ({}, "holds no named tensors"),
        ({"state_dict": {"a": torch.zeros(1)}}, "'state_dict' is a dict"),
        ({3: torch.zeros(1)}, "something else than named tensors"),
        ({"a": torch.zeros(4, 4).to_sparse()}, "'a' is a tensor of another layout"),
        ({"a": "text"}, "'a' is a str"),
    ],
)
def test_what_else_torch_can_save_is_refused(value: object, words: str) -> None:
    for write in (zipped, legacy):
        assert words in refusal(SMALL, write(value)).message


def test_types_that_weights_do_not_have_are_refused() -> None:
    for dtype in (torch.int8, torch.int64, torch.complex64, torch.bool):
        state = state_of(SMALL)
        state["classifier.bias"] = state["classifier.bias"].to(dtype)
        for write in (safe, zipped):
            assert f"is of type {str(dtype).removeprefix('torch.')}" in refusal(SMALL, write(state)).message


def test_both_spellings_at_once_are_one_too_many() -> None:
    state = state_of(SMALL)
    twice = state | {"features.denseblock1.denselayer1.norm.1.weight": torch.zeros(6)}
    for order in (twice, dict(reversed(twice.items()))):
        assert "denselayer1.norm" in refusal(SMALL, safe(order)).message


# --- what is no file --------------------------------------------------------------------------------


def test_what_is_no_file_is_told_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "to a pipe").symlink_to(tmp_path / "pipe")
    cases = {
        str(tmp_path): "is no file, but a folder",
        str(tmp_path / "pipe"): "is no file, but a pipe",
        str(tmp_path / "to a pipe"): "is no file, but a pipe",
        "/dev/zero": "is no file, but a device",
        str(tmp_path / "loop"): "cannot be read",
        str(tmp_path / "none"): "cannot be read: No such file",
        "a\0b": "cannot be read: it cannot be a path",
        "x" * 5_000: "cannot be read",
    }
    begun = time.monotonic()
    for path, words in cases.items():
        with pytest.raises(StoppedError) as stopped:
            weights_from_path(SMALL, path)
        message = told(stopped.value.problem).message
        assert words in message and str(tmp_path) not in message, "the server's folders are nobody's business"
    assert time.monotonic() - begun < 1


def test_a_link_to_a_file_is_one(tmp_path: Path) -> None:
    (tmp_path / "weights.pth").write_bytes(zipped(state_of(SMALL)))
    (tmp_path / "link").symlink_to(tmp_path / "weights.pth")
    assert weights_from_path(SMALL, str(tmp_path / "link"))


# --- what is fetched --------------------------------------------------------------------------------


def test_published_weights_are_asked_for_with_their_checksum_and_as_tensors_alone() -> None:
    asked: list[Any] = []
    spec = DENSE["densenet121"]
    shapes = weights_file._shapes(spec)

    def fetch(url: str, **options: Any) -> dict[str, Tensor]:
        asked.append((url, options))
        return {name: torch.zeros(()).expand(shape) for name, shape in shapes.items() if "num_batches" not in name}

    assert len(fetched_weights(spec, fetch)) == len([name for name in shapes if "num_batches" not in name])
    ((url, options),) = asked
    assert url == published_weights(spec) and options["check_hash"] and options["weights_only"]
    assert all(name in DENSE and name in url for name, url in PUBLISHED_WEIGHTS.items())
    assert published_weights(SMALL) is None


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (urllib.error.URLError(OSError(-2, "Name or service not known")), "could not be fetched"),
        (TimeoutError("timed out"), "could not be fetched from download.pytorch.org: 'timed out'"),
        (RuntimeError('invalid hash value (expected "a639ec97", got "0000")'), "not the published file"),
        (pickle.UnpicklingError("GLOBAL posix.system"), "not the published file"),
    ],
)
def test_what_keeps_weights_from_being_fetched_is_a_sentence(fault: Exception, words: str) -> None:
    def fetch(url: str, **options: Any) -> dict[str, Tensor]:
        raise fault

    with pytest.raises(StoppedError) as stopped:
        fetched_weights(DENSE["densenet121"], fetch)
    problem = told(stopped.value.problem)
    assert words in problem.message and "Give a weights file" in problem.advice


def test_torch_hub_itself_says_that_there_is_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def unreachable(*_: Any, **__: Any) -> Any:
        raise urllib.error.URLError("Network is unreachable")

    monkeypatch.setattr(torch.hub, "urlopen", unreachable)
    with pytest.raises(StoppedError, match=r"could not be fetched from .*: 'Network is unreachable'"):
        fetched_weights(DENSE["densenet121"])
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_a_network_without_published_weights_is_told() -> None:
    with pytest.raises(StoppedError, match="no published weights of this network"):
        fetched_weights(SMALL)


def test_without_safetensors_its_files_alone_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    assert "the package safetensors is not installed" in refusal(SMALL, safe(state_of(SMALL))).message
    assert weights_from_bytes(SMALL, zipped(state_of(SMALL)))
