"""No text that a person gives becomes markup: in the page, a component, Plotly or an export.

Every value here holds :data:`MARK`. A value that the page refuses is told whole, in one text node of the notice: were
it markup, it would be cut into several, or gone. Nowhere else on the page may the mark be found. All this is seen under
the content policy of the server, which nothing may breach; scripts are also let loose once without it, so that it is
not the policy alone that keeps them from running.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import json
import re
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from browser import wait_until_still
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Error, FilePayload, Page, Request, expect

from explorer.bench.server import Server
from explorer.codec import from_query
from explorer.exports import study_in
from explorer.spec import FIELDS, Study
from explorer.web.guard import LONGEST_QUERY

SOON = 120_000  # ms: a worker that starts on a busy machine
SMALL = {"layers": "2", "height": "8", "width": "8"}
MARK = "alert(1)"
TOLD = 4  # refused values that the notice tells one by one

IMAGE = "<img src=x onerror=alert(1)>"
#: None longer than the 38 characters of a value that are told.
HOSTILE = (
    IMAGE,
    '"><svg onload=alert(1)>',
    "'-alert(1)-'",
    "javascript:alert(1)",
    "</script><script>alert(1)</script>",
    "<b>alert(1)</b>",
    "${alert(1)}{{alert(1)}}",
    '<a href="javascript:alert(1)">x</a>',  # what Plotly makes a link of, in any of its texts
    "<br><i>alert(1)</i><sup>2</sup>",
    "[x](javascript:alert(1))",
    "![alert(1)](//127.0.0.1:9/x.png)",
    r"$\href{javascript:alert(1)}{x}$",
    "**alert(1)** ~~alert(1)~~ `alert(1)`",
    "&lt;b&gt;alert(1)&#60;/b&#62;",
    "<iframe srcdoc=alert(1)></iframe>",
    "<style>@import '//alert(1)'</style>",
)
#: What Markdown, as the page's frame reads it, makes something of without a bracket or an asterisk.
WORDY = (
    "http://127.0.0.1:9/alert(1)",
    "[x](http://127.0.0.1:9/alert(1))",
    "www.example.org/alert(1)",
    "alert(1)@example.org",
    "alert(1):material/close:",
    "alert(1):red[x]",
    "alert(1):rocket:",
    "alert(1) -> <- --",
)
#: Value → what is told of it: what cannot be printed is spelled out, what is too long is cut.
SPELLED = {
    "\u202e" + IMAGE: r"'\u202e<img src=x onerror=alert(1)>'",
    "\0" + MARK + "\0": r"'\x00alert(1)\x00'",
    IMAGE + "x" * 400: f"'{IMAGE}{'x' * 10}…",
    "<b>" * 60 + MARK: f"'{'<b>' * 12}<b…",
}
NAMES = (IMAGE, "<b>alert(1)</b>", "preset", '"><svg onload=alert(1)>')

# Of every document and shadow root: what may have come from a text. `scopes` are where the mark may stand as text.
FOUND = """(scopes) => {
  const found = [], up = (e) => e.parentElement ?? e.getRootNode().host;
  const within = (e, scope) => !!e && (e.matches(scope) || within(up(e), scope));
  const say = (what, e) => found.push(`${what}: ${e.outerHTML.slice(0, 160)}`);
  const links = ["href", "xlink:href", "src", "action", "formaction", "data", "poster", "background", "srcset"];
  const ours = (text) => {
    const { protocol, origin } = new URL(text, document.baseURI);
    return protocol === "data:" || (["blob:", "http:"].includes(protocol) && origin === location.origin);
  };
  const told = (e) => scopes.some((s) => within(e, s));
  const walk = (root) => {
    for (const e of root.querySelectorAll("*")) {
      for (const { name, value } of e.attributes) {
        if (/^on/i.test(name)) say("handler", e);
        if (links.includes(name) && !ours(value)) say("address", e);
        if (value.includes("MARK") && !told(e) && !(name === "value" && e.matches("input"))) say("attribute", e);
      }
      if (e.matches("iframe, object, embed, foreignObject, base, frame")) say("element", e);
      if (e.matches("script") && e.textContent.includes("MARK")) say("script", e);
      if (e.shadowRoot) walk(e.shadowRoot);
      if (e._fullLayout && JSON.stringify([e.data, e.layout]).includes("MARK")) say("Plotly", e);
      for (const node of e.childNodes)
        if (node.nodeType === Node.TEXT_NODE && node.data.includes("MARK") && !told(e)) say("text", e);
    }
  };
  walk(document);
  return found;
}""".replace("MARK", MARK)

# The text nodes below a place, those in shadow roots too.
TEXTS = """(place) => {
  const walk = (node) => node.nodeType === Node.TEXT_NODE ? [node.data]
    : [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes].flatMap(walk);
  return walk(place);
}"""

# What a page that escapes nothing would hold, in the last panel's shadow root, in the place of what was planted before.
PLANT = """(markup) => {
  const hosts = [...document.querySelectorAll("*")].filter((e) => e.shadowRoot?.querySelector(".panel"));
  const bed = hosts.at(-1).shadowRoot.querySelector(".panel");
  bed.querySelector(".bed")?.remove();
  bed.insertAdjacentHTML("beforeend", `<div class="bed">${markup}</div>`);
  // Not every Chromium tells an svg in a shadow root that it has loaded.
  for (const svg of bed.querySelectorAll(".bed svg[onload]")) svg.dispatchEvent(new Event("load"));
}"""

# The page's own word of each breach of its policy; it comes from shadow roots as well.
BREACHES = """document.addEventListener("securitypolicyviolation",
  (e) => console.error(`breach of ${e.effectiveDirective}: ${e.blockedURI} ${e.sample}`));"""

NOTICE = ".st-key-notice"


Pages = dict[bool, Page]


@pytest.fixture(scope="module")
def pages(browser: Browser) -> Iterator[Pages]:
    """Whether the page's own policy holds → the page of all tests in which it does; what it loaded once is there."""
    made = {}
    for policy in (True, False):
        context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=not policy)
        context.add_init_script(BREACHES)
        made[policy] = context.new_page()
        made[policy].set_default_timeout(SOON)
    yield made
    for page in made.values():
        page.context.close()


@contextlib.contextmanager
def watched(pages: Pages, origin: str, policy: bool = True) -> Iterator[tuple[Page, list[str]]]:
    """A page, and all that it does that it must not: dialogs, errors, breaches, requests to elsewhere."""
    page = pages[policy]
    found: list[str] = []

    def alerted(dialog: Dialog) -> None:
        found.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def failed(error: Error) -> None:
        found.append(f"error: {error}")

    def said(message: ConsoleMessage) -> None:
        if message.type == "error":
            found.append(f"console: {message.text}")

    def asked(request: Request) -> None:
        address = request.url
        if not address.startswith("data:") and not address.removeprefix("blob:").startswith(origin):
            found.append(f"request: {address}")

    def opened(other: Page) -> None:
        found.append(f"popup: {other.url}")

    listeners = {"dialog": alerted, "pageerror": failed, "console": said, "request": asked, "popup": opened}
    for event, listener in listeners.items():
        page.on(event, listener)  # type: ignore[call-overload]  # each of its own event
    try:
        yield page, found
    finally:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
        page.goto("about:blank")
        page.context.clear_cookies()


def visit(page: Page, server: Server, query: str, path: str = "/") -> None:
    """Opens the page and waits for what must be there whatever was asked for: headline, picture, charts."""
    answer = page.goto(f"{server.address}{path}?{query}")
    assert answer is not None and answer.status == 200, f"{len(query)} characters"
    wait_until_still(page)
    expect(page.locator("h1")).to_contain_text(re.compile("channels become|个通道变为"))
    expect(page.get_by_test_id("concat-graph").locator(".drawing svg").first).to_be_visible(timeout=SOON)


def charts(page: Page) -> None:
    expect(page.locator(".dbe-chart .plot[data-drawn]").nth(1)).to_be_attached(timeout=SOON)


def texts(page: Page, place: str) -> list[str]:
    """The text nodes below ``place``, which is the first of its kind."""
    found: list[str] = page.locator(place).first.evaluate(TEXTS)
    return found


def markup(page: Page, *scopes: str) -> list[str]:
    """Elements that no text of ours makes, and the mark wherever it is not in ``scopes``."""
    found: list[str] = page.evaluate(FOUND, list(scopes))
    return found


def expect_told(page: Page, told: list[str]) -> None:
    """The notice tells each of ``told`` as one piece of text, and there is no markup of it anywhere."""
    expect(page.locator(NOTICE)).to_contain_text("not taken")
    nodes = texts(page, NOTICE)
    assert [text for text in told if not any(text in node for node in nodes)] == []
    assert markup(page, NOTICE) == []


def hostile_visits() -> Iterator[tuple[list[str], str]]:
    """Links in which all fields are hostile, as far as there is room; those told come first, another four each time."""
    values = itertools.cycle(HOSTILE)
    pairs = [(name, next(values)) for name in FIELDS]
    pairs += [(name, next(values)) for name in NAMES]
    for start in range(0, len(pairs), TOLD):
        first = pairs[start : start + TOLD]
        told = [f"not '{value if name in FIELDS else name}'" for name, value in first]
        rest = [(name, next(values)) for name in FIELDS if name not in dict(first)]
        query = first
        for pair in rest:
            if len(urlencode([*query, pair])) <= LONGEST_QUERY:
                query = [*query, pair]
        yield told, urlencode(query)


def test_every_value_is_text_in_every_field(pages: Pages, instant: Server) -> None:
    visits = list(hostile_visits())
    assert {value for value in HOSTILE if any(f"'{value}'" in text for told, _ in visits for text in told)} == {
        *HOSTILE
    }
    with watched(pages, instant.address) as (page, found):
        for told, query in visits:
            visit(page, instant, query)
            expect_told(page, told)
            assert MARK not in page.url
        charts(page)
        assert markup(page, NOTICE) == []
    assert found == []


def test_what_cannot_be_printed_or_is_endless_is_spelled_out(pages: Pages, instant: Server) -> None:
    with watched(pages, instant.address) as (page, found):
        visit(
            page,
            instant,
            urlencode([*SMALL.items(), *zip(("dtype", "device", "select", "unit"), SPELLED, strict=True)]),
        )
        expect_told(page, list(SPELLED.values()))
        twice = [("match", IMAGE), ("match", "x"), ("embed_options", IMAGE), ("present", "true")]
        visit(page, instant, urlencode(twice))  # the presenter view
        expect_told(page, [f"not '{IMAGE}, x'"])
    assert found == []


@pytest.mark.parametrize("words", [WORDY[:TOLD], WORDY[TOLD:]], ids=["addresses", "signs"])
def test_a_value_is_no_link_and_no_sign(pages: Pages, instant: Server, words: tuple[str, ...]) -> None:
    with watched(pages, instant.address) as (page, found):
        pairs = zip(("dtype", "unit", "device", "select"), words, strict=True)
        visit(page, instant, urlencode([*SMALL.items(), *pairs]))
        expect_told(page, [f"not '{word}'" for word in words])
    assert found == []


def test_the_address_is_text_beyond_its_fields(pages: Pages, instant: Server) -> None:
    with watched(pages, instant.address) as (page, found):
        fragment = f"{urlencode(SMALL)}#{IMAGE}"
        visit(page, instant, fragment, path=f"/{quote(IMAGE)}")
        expect(page.get_by_test_id("stDialog")).to_be_visible()
        assert markup(page) == []
    assert [said for said in found if "404" not in said and "does not seem to exist" not in said] == []


def test_without_the_policy_nothing_runs_either(pages: Pages, instant: Server) -> None:
    with watched(pages, instant.address, policy=False) as (page, found):
        for told, query in itertools.islice(hostile_visits(), 4):  # each value is told once
            visit(page, instant, query)
            expect_told(page, told)
    assert found == []


def test_what_is_typed_is_text(pages: Pages, instant: Server) -> None:
    with watched(pages, instant.address) as (page, found):
        visit(page, instant, urlencode(SMALL))
        page.get_by_role("combobox", name="Preset").fill(IMAGE)
        expect(page.get_by_role("combobox", name="Preset")).to_have_value(IMAGE)
        assert markup(page) == []
        page.keyboard.press("Escape")
        page.get_by_test_id("concat-graph").get_by_role("button", name="Find a layer").click()
        finder = page.get_by_role("dialog", name="Find a layer")
        finder.get_by_role("combobox").fill(IMAGE)
        expect(finder.get_by_role("status")).to_have_text("Nothing here has this name.")
        assert markup(page) == []
    assert found == []


# --- what is taken along ---------------------------------------------------------------------------


def test_a_picture_named_as_markup_is_text_and_in_no_file(pages: Pages, server: Server) -> None:
    name = f"{IMAGE}.png"
    with watched(pages, server.address) as (page, found):
        visit(page, server, urlencode({**SMALL, "select": "layer-2", "image": "upload", "dtype": IMAGE}))
        file: FilePayload = {"name": name, "mimeType": "image/png", "buffer": picture()}
        page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(file)
        expect(page.locator(".stem")).not_to_contain_text("A link carries no picture")
        expect(page.locator(".st-key-inspector .pipeline li").first).to_be_visible()
        uploader = page.get_by_test_id("stFileUploader")
        expect(uploader.get_by_role("button", name=f"Remove {name}", exact=True)).to_be_attached()
        shown = texts(page, '[data-testid="stFileUploader"]')  # a long name is cut in the middle
        assert [text for text in shown if text.startswith("<img") and text.endswith("(1)>.png")]
        assert markup(page, NOTICE, '[data-testid="stFileUploader"]') == []
        taken = downloads(page)
    assert [file for file, text in taken.items() if MARK in text or "onerror" in text] == []
    assert found == []


def test_the_files_of_the_oddest_block_hold_nothing_that_runs(pages: Pages, server: Server, tmp_path: Path) -> None:
    link = f"{server.address}/?{urlencode(ODDEST)}"
    with watched(pages, server.address) as (page, found):
        visit(page, server, urlencode(ODDEST))
        page.locator(".st-key-explore_plain_view summary").click()
        expect(page.get_by_test_id("stGraphVizChart").locator("svg g.edge").first).to_be_attached()
        # To be copied: the source, the session; and the graph that was unfolded.
        expect(page.locator(".listing")).to_have_count(3)
        ways = page.locator(".share [data-way]")
        expect(ways).to_have_count(5)
        for way in ways.all():
            shown = way.locator("code").inner_text()
            expect(way.locator("[data-copy]")).to_have_count(1)  # which copies the text of what is beside it:
            assert way.locator("code").text_content() == shown
            assert f"{server.address}/" in shown or shown.startswith("<!-- explorer:begin ")
        taken = downloads(page)
        assert markup(page) == []
    assert found == []
    for name, text in taken.items():
        EXPORTS[name](text)
    study = from_query(list(ODDEST.items()))
    given = json.loads(taken["dense_block.json"])["link"]
    assert given.partition("?")[0] == f"{server.address}/"
    assert from_query(parse_qsl(urlsplit(given).query)) == study == from_query(parse_qsl(urlsplit(link).query))
    expect_still(pages, tmp_path, taken["dense_block.svg"])


def downloads(page: Page) -> dict[str, str]:
    """Every file that the page offers: what comes of each link, and nothing offered in another way."""
    links = page.locator("a[download]")
    expect(links).to_have_count(len(EXPORTS))
    other = ("stDownloadButton", "stLinkButton", "stDataFrame")
    assert page.locator(", ".join((".modebar", *(f"[data-testid={name}]" for name in other)))).count() == 0
    found: dict[str, str] = {}
    for link in links.all():
        with page.expect_download() as download:
            link.click()
        data = download.value.path().read_bytes()
        found[download.value.suggested_filename] = data.decode("latin-1" if data.startswith(b"\x89PNG") else "utf-8")
    assert set(found) == set(EXPORTS)
    return found


def expect_still(pages: Pages, folder: Path, svg: str) -> None:
    """Opened by itself, where no policy holds it, ``svg`` is drawn, asks for nothing and says nothing."""
    file = folder / "picture.svg"
    file.write_text(svg, encoding="utf-8")
    with watched(pages, file.as_uri()) as (page, found):
        page.goto(file.as_uri())
        expect(page.locator("svg rect").first).to_be_attached()
        assert page.evaluate("document.documentElement.localName") == "svg"
        assert page.locator("parsererror").count() == 0
        page.wait_for_load_state("networkidle")
    assert found == []


def check_svg(text: str) -> None:
    """Nothing but shapes and text, by their names; no handler, no reference, no declaration."""
    assert "<!" not in text and "<?" not in text  # no entity, no style sheet from elsewhere
    for element in ElementTree.fromstring(text).iter():
        space, _, name = element.tag.removeprefix("{").partition("}")
        assert space == "http://www.w3.org/2000/svg"
        assert name in {
            "svg",
            "title",
            "desc",
            "metadata",
            "style",
            "g",
            "rect",
            "path",
            "polygon",
            "line",
            "text",
            "tspan",
        }
        for attribute, value in element.attrib.items():
            assert not re.match(r"on|.*href|src|style", attribute, re.IGNORECASE), attribute
            assert not re.search(r"url\(|javascript:|//", value, re.IGNORECASE), value
        if name == "style":
            assert not re.search(r"url\(|@|expression|//", element.text or "")


def check_source(text: str) -> None:
    """A module of imports from torch, two classes and what runs them; names that run text are not called."""
    tree = ast.parse(text)
    imported = [
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    assert set(imported) == {"torch", "torch.nn.functional"}
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert called <= {"super", "range", "print", "Denseblock", "Bottleneck", "PlainLayer", "PostPlainLayer", "block"}
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert {text for text in strings if not text.startswith("A Dense Block: ")} == {"__main__", ODDEST["device"]}


def check_json(text: str) -> None:
    """JSON without a tag in any of its texts."""
    assert not [word for word in words_of(json.loads(text)) if re.search(r"<[a-z/!]|javascript:", word, re.IGNORECASE)]


def check_markdown(text: str) -> None:
    """Tables: no tag but the small print's, its link, and the two markers, which are comments."""
    markers = re.compile(r"<!-- explorer:(begin|end) [^>\n]* -->")
    assert {*re.findall(r"<[/!]?[a-z-]+", markers.sub("", text))} == {"<sub", "</sub"}
    assert re.findall(r"\]\((\w+):", text) == ["http"]


def check_dot(text: str) -> None:
    """A graph of plain labels: no HTML, no link, no picture, no style sheet."""
    assert text.count("digraph") == 1
    text = re.sub(r"^//.*\n", "", text, flags=re.MULTILINE)
    assert not re.search(r"=\s*<|\b(URL|href|image|shapefile|stylesheet|target)\b\s*=|javascript:", text, re.IGNORECASE)


def words_of(value: object) -> Iterator[str]:
    """All texts in a JSON value, its keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inside in value.items():
            yield from (key, *words_of(inside))
    elif isinstance(value, list):
        for inside in value:
            yield from words_of(inside)


def check_png(text: str) -> None:
    assert study_in(text.encode("latin-1")) == from_query(list(ODDEST.items()))


def check_html(text: str) -> None:
    """Its own three scripts, of which one runs, and no other way to run anything."""
    check_carried(text)
    found = re.findall(r"<script[^>]*>", text)
    assert found == [
        '<script type="application/json" id="study">',
        '<script type="application/json" id="picture">',
        '<script type="module">',
    ]
    before = text.partition('<script type="module">')[0]
    assert not re.search(r"\son\w+=|javascript:|<iframe|<object|<embed|<link|src=", before)


def check_carried(text: str) -> None:
    assert study_in(text.encode()) == from_query(list(ODDEST.items()))


#: Every file that the page offers; one that is not here fails :func:`downloads`.
EXPORTS: dict[str, Callable[[str], None]] = {
    "dense_block.py": check_source,
    "dense_block.svg": check_svg,
    "dense_block.png": check_png,
    "dense_block.html": check_html,
    "dense_block.json": check_json,
    "dense_block.csv": check_carried,
    "dense_block.md": check_markdown,
    "dense_block.tex": check_carried,
    "dense_block.dot": check_dot,
    "dense_block.mmd": check_carried,
}

#: As far from the default as a link can go, in every text that it may hold.
ODDEST = {
    "layers": "3", "bottleneck": "false", "order": "post", "height": "1", "width": "2", "match": "saved_bytes",
    "unit": "basic", "dtype": "bfloat16", "device": "cuda:99", "seed": "4294967295", "drawing": "paper",
    "select": "unit-1", "image": "upload", "matrix": "weights", "reference": "4096-512-64-b16-plain-post",
    "implementation": "checkpoint_1x1", "budget": "0.05", "colours": "kind", "versus": "resolution", "scale": "log",
    "largest": "layers", "optimiser": "adam", "network": "64-64-k1-c1-t0.01-b16-plain-cifar",
    "against": "densenet-bc190-k40", "image_size": "9", "heights": "bytes", "frontier": "saved_bytes",
    "batch_norm": "false", "init": "he", "data": "noise", "stack_unit": "bottleneck", "seeds": "20", "steps": "1000",
    "learning_rate": "0.0002", "gradient": "free", "trained": "true",
    "chapter": "99", "state": "play", "guess": "1e300,0.5", "placed": "b-a", "tried": "x", "locked": "growth_rate",
    "hide": "answers,layers",
    "lang": "zh",
}  # fmt: skip


def picture() -> bytes:
    """A PNG of 8 × 8 grey pixels, from its parts."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(range(row, 240, 30)) for row in range(8))
    head = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


# --- what this file would see ----------------------------------------------------------------------


def test_the_oddest_block_differs_from_the_default_in_every_text() -> None:
    study = from_query(list(ODDEST.items()))
    same = {name for name in FIELDS if study[name] == Study()[name]}
    assert same == {"in_channels", "growth_rate", "bottleneck_factor", "batch", "mode", "present"}


#: Markup → what is seen of it, and what the policy says of it.
PLANTED = {
    IMAGE: ("handler", "breach of script-src-attr"),
    "<svg onload=alert(1)></svg>": ("handler", "breach of script-src-attr"),
    "<img src='http://127.0.0.1:9/x.png'>": ("address", "breach of img-src"),
    "<a href='javascript:alert(1)'>x</a>": ("address", ""),
    "<svg><a xlink:href='javascript:alert(1)'></a></svg>": ("address", ""),
    "<iframe srcdoc='x'></iframe>": ("element", ""),
    "<svg><foreignObject></foreignObject></svg>": ("element", ""),
    "<script>alert(1)</script>": ("script", ""),
    "<b>alert(1)</b>": ("text", ""),
    "<i title='alert(1)'></i>": ("attribute", ""),
}


def test_markup_in_a_component_would_be_seen(pages: Pages, instant: Server) -> None:
    with watched(pages, instant.address) as (page, found):
        visit(page, instant, urlencode(SMALL))
        assert markup(page) == []
        for planted, (seen, said) in PLANTED.items():
            found.clear()
            page.evaluate(PLANT, planted)
            assert any(line.startswith(seen) for line in markup(page)), planted
            deadline = time.monotonic() + SOON / 1000
            while said and not any(said in line for line in found) and time.monotonic() < deadline:
                page.wait_for_timeout(20)  # the browser says so in its own time
            assert any(said in line for line in found) if said else not found, planted
            assert not any(line.startswith("dialog") for line in found)


def test_a_script_that_runs_would_be_seen(pages: Pages, instant: Server) -> None:
    with watched(pages, instant.address, policy=False) as (page, found):
        visit(page, instant, urlencode(SMALL))
        with page.expect_event("dialog"):
            page.evaluate(PLANT, IMAGE)
    assert "dialog: 1" in found


def test_markup_in_plotly_would_be_seen(pages: Pages, instant: Server) -> None:
    with watched(pages, instant.address) as (page, found):
        visit(page, instant, urlencode(SMALL))
        charts(page)
        page.evaluate("Plotly.relayout(document.querySelector('.js-plotly-plot'), { 'meta.note': 'alert(1)' })")
        assert any(line.startswith("Plotly") for line in markup(page))
    assert found == []
