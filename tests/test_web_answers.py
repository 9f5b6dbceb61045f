"""How files are made: kept, few at a time, slow ones in a process of their own, and never too large."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest
from study_fakes import Instant

from explorer.exports import Format, formats, study_in
from explorer.spec import Study
from explorer.web import answers
from explorer.web.answers import Answers, Asked, Gate, Kept, NotMade, TooMany

BASE = "http://127.0.0.1:8501/"
SVG, PNG, JSON = (next(one for one in formats() if one.name == name) for name in ("svg", "png", "json"))


def counted(made: Format) -> tuple[Format, list[Study]]:
    """The same format, and the Studies of which it has been made."""
    asked: list[Study] = []

    def make(found: Any, base: str, options: Any) -> str | bytes:
        asked.append(found.study)
        return made.make(found, base, options)

    return Format(made.name, made.kind, made.label, make, made.options, made.linked), asked


def test_a_file_is_made_once_and_then_kept() -> None:
    made, asked = counted(SVG)
    light, dark = SVG.defaults, SVG.defaults | {"theme": "dark"}

    async def ask() -> list[bytes]:
        kept = Answers(Instant)
        wanted = [(Study(), light), (Study(), light), (Study(), dark), (Study().with_(layers=3), light)]
        return [await kept.file(made, study, BASE, options) for study, options in wanted]

    bodies = anyio.run(ask)
    assert len(asked) == 3 and bodies[0] == bodies[1] and len({*bodies}) == 3


def test_a_file_with_a_link_is_kept_for_each_base() -> None:
    made, asked = counted(JSON)

    async def ask() -> list[bytes]:
        kept = Answers(Instant)
        return [await kept.file(made, Study(), base, JSON.defaults) for base in (BASE, "https://a.example/", BASE)]

    bodies = anyio.run(ask)
    assert len(asked) == 2 and bodies[0] == bodies[2] != bodies[1]


def test_what_was_not_asked_for_longest_is_forgotten_first() -> None:
    kept = Kept(most=10)
    one, two, three = (Asked(name, Study(), (), "") for name in ("a", "b", "c"))
    kept.put(one, b"1234")
    kept.put(two, b"1234")
    assert kept.get(one) == b"1234"
    kept.put(three, b"1234")
    assert kept.get(two) is None and kept.get(one) == kept.get(three) == b"1234" and kept.size == 8
    kept.put(one, b"12")
    assert kept.size == 6
    kept.put(two, b"12345678901")  # larger than all there is room for
    assert kept.size == 0


def test_few_are_made_at_once_and_who_would_wait_behind_many_comes_again() -> None:
    running, most, go = 0, 0, threading.Event()
    lock = threading.Lock()

    def work() -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        go.wait(10)
        with lock:
            running -= 1
        return "made"

    async def ask() -> list[str]:
        gate, told = Gate(2, waiting=3), []

        async def one() -> None:
            try:
                told.append(await gate.run(work))
            except TooMany:
                told.append("later")
                if told.count("later") == 4:
                    while running < 2:
                        await anyio.sleep(0.001)
                    go.set()

        async with anyio.create_task_group() as group:
            for _ in range(9):
                group.start_soon(one)
        return told

    told = anyio.run(ask)
    assert (told.count("made"), told.count("later"), most) == (5, 4, 2)


def test_what_is_kept_is_answered_while_others_wait() -> None:
    """A cached picture passes no gate."""

    async def ask() -> bytes:
        kept = Answers(Instant)
        await kept.file(SVG, Study(), BASE, SVG.defaults)
        kept._quick = Gate(1, waiting=0)
        go = threading.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(kept._quick.run, go.wait)
            await anyio.sleep(0.01)
            with pytest.raises(TooMany):
                await kept.file(SVG, Study().with_(layers=2), BASE, SVG.defaults)
            body = await kept.file(SVG, Study(), BASE, SVG.defaults)
            go.set()
        return body

    assert study_in(anyio.run(ask)) == Study()


def test_a_png_is_made_in_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the server was started."""
    monkeypatch.chdir(tmp_path)
    study = Study().with_(layers=2, select="layer-1", drawing="paper")

    async def ask() -> bytes:
        return await Answers(Instant).file(PNG, study, BASE, PNG.defaults | {"theme": "dark", "pixel_ratio": "1"})

    body = anyio.run(ask)
    assert study_in(body) == study and body[16:20] == (980).to_bytes(4, "big")


@pytest.mark.parametrize("how", ["fails", "hangs"])
def test_a_process_that_makes_nothing_is_told(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **more: Any) -> Any:
        if how == "hangs":
            raise subprocess.TimeoutExpired(command, 20)
        return subprocess.CompletedProcess(command, 3, b"", b"")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(NotMade, match=r"\.$"):
        anyio.run(Answers(Instant).file, PNG, Study(), BASE, PNG.defaults)


def test_a_file_that_is_too_large_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "LARGEST", 1000)
    with pytest.raises(NotMade, match="at most 1,000 are sent"):
        anyio.run(Answers(Instant).file, SVG, Study(), BASE, SVG.defaults)


def test_measured_waits_for_the_counts_and_runs_nothing_else() -> None:
    engine = Instant(polls=3)

    async def ask() -> bytes:
        return await Answers(lambda: engine).measured(JSON, Study(), BASE, JSON.defaults | {"measured": "1"})

    body = anyio.run(ask)
    assert b'"counted"' in body and {type(job).__name__ for job in engine.asked} == {"CountJob"}
    assert not engine.cancelled


def test_closed_forms_ask_the_engine_for_nothing() -> None:
    engine = Instant()
    anyio.run(Answers(lambda: engine).file, JSON, Study(), BASE, JSON.defaults)
    assert engine.asked == []
