"""Chapters on paper over HTTP: with and without answers, in both languages, and what is refused."""

from __future__ import annotations

import json

import pytest
from server import ask

from explorer.bench.server import Server
from explorer.lesson.reading import built_in


@pytest.mark.parametrize("number", range(1, 11))
def test_a_hand_out_has_the_question_and_no_answer(instant: Server, number: int) -> None:
    status, headers, body = ask(instant.address, f"/lesson.md?chapter={number}")
    chapter, text = built_in().chapters[number - 1], body.decode()
    assert status == 200 and headers["content-type"].startswith("text/markdown")
    assert chapter.title.en in text and chapter.claim is not None and chapter.claim.quote in text
    status, _headers, solved = ask(instant.address, f"/lesson.md?chapter={number}&state=answer")
    assert status == 200 and (number == 1 or f"chapter={number}" in solved.decode())
    assert chapter.reply.notes[0].title.en in solved.decode()
    assert chapter.reply.notes[0].title.en not in text


def test_a_link_that_keeps_answers_back_gets_none(instant: Server) -> None:
    asked = ask(instant.address, "/lesson.md?chapter=5&hide=answers")[2].decode()
    told = ask(instant.address, "/lesson.md?chapter=5&hide=answers&state=answer")[2].decode()
    assert told.splitlines()[:20] == asked.splitlines()[:20]
    assert "1.55" not in told


def test_the_reader_s_language_is_spoken_and_the_address_s_first(instant: Server) -> None:
    chinese = ask(instant.address, "/lesson.md?chapter=5&lang=zh&state=answer")[2].decode()
    assert "参数：与 ResNet 相比" in chinese and "原文说" in chinese and "lang=zh" in chinese
    preferred = ask(instant.address, "/lesson.md?chapter=5", headers={"Accept-Language": "zh-CN"})[2].decode()
    assert "参数：与 ResNet 相比" in preferred
    assert "Parameters against ResNet" in ask(instant.address, "/lesson.md?chapter=5&lang=en")[2].decode()


@pytest.mark.parametrize("query", ["chapter=0", "chapter=x", "state=open", "guess=a", "foo=1", "chapter=1&chapter=2"])
def test_a_link_that_is_not_allowed_is_refused_in_words(instant: Server, query: str) -> None:
    status, headers, body = ask(instant.address, f"/lesson.md?{query}")
    assert status == 400 and headers["content-type"].startswith("application/problem+json")
    assert query.partition("=")[0] in json.loads(body)["detail"]
