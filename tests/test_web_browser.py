"""The page in a real browser: links, history, two people at once, and the controls in step."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from browser import wait_until_still
from playwright.sync_api import Browser, Locator, Page, ViewportSize, WebSocketRoute, expect
from server import assert_no_traceback, serving

from explorer.bench.server import Server
from explorer.web.components.scripts import script

DESKTOP = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


def visit(page: Page, server: Server, query: str = "") -> None:
    page.goto(f"{server.address}/{query}")
    wait_until_still(page)


def entry_of(page: Page, field: str) -> Locator:
    """The box in which the number of ``field`` is typed."""
    boxes = f'[class*="st-key-{field}_box"] input, .st-key-{field} input[type=number]'
    return (
        page.get_by_test_id("stSidebar").locator(boxes).first
    )  # the one drawn last stands first; one that it replaced goes with the run


def expect_controls(page: Page, **values: object) -> None:
    """Each field's box and, where it has one, its slider show the value."""
    for field, value in values.items():
        expect(entry_of(page, field)).to_have_value(str(value))
        slider = page.locator(f".st-key-{field} input[type=range]")
        if slider.count():
            expect(slider).to_have_attribute("aria-valuetext", str(value))


def device(page: Page, name: str) -> Locator:
    """One side of the device switch."""
    return page.get_by_role("radio", name=name, exact=True).first


def type_into(page: Page, field: str, value: int) -> None:
    entry = entry_of(page, field)
    entry.fill(str(value))
    entry.press("Enter")


def test_a_cold_deep_link_is_the_first_visit_of_a_fresh_server(tmp_path: Path, page: Page) -> None:
    with serving(tmp_path) as fresh:
        visit(page, fresh, "?growth_rate=24&layers=9&in_channels=100&height=14&width=15&match=macs&device=cpu")
        expect_controls(page, growth_rate=24, layers=9, in_channels=100, height=14, width=15)
        expect(page.get_by_role("heading", level=1)).to_contain_text("100 channels become 316")
        expect(page.get_by_role("combobox", name="Residual block matches")).to_have_value("MACs")
        expect(device(page, "CPU")).to_be_checked()


def test_the_address_follows_the_controls_and_leaves_defaults_out(kept_page: Page, instant: Server) -> None:
    page = kept_page
    visit(page, instant)
    assert page.url == f"{instant.address}/"
    page.locator(".st-key-growth_rate input[type=range]").press("ArrowRight")
    expect(page).to_have_url(f"{instant.address}/?growth_rate=33")
    expect_controls(page, growth_rate=33)
    type_into(page, "in_channels", 100)  # between two stops of the slider
    expect(page).to_have_url(re.compile("in_channels=100"))
    expect_controls(page, in_channels=100, growth_rate=33)
    type_into(page, "in_channels", 64)
    expect(page).to_have_url(f"{instant.address}/?growth_rate=33")


def test_back_forward_and_reload_restore_the_block(kept_page: Page, instant: Server) -> None:
    page = kept_page
    visit(page, instant, "?layers=3")
    type_into(page, "layers", 9)
    expect(page).to_have_url(f"{instant.address}/?layers=9")
    device(page, "CPU").click()
    expect(page).to_have_url(re.compile("device=cpu"))
    expect(device(page, "CPU")).to_be_checked()
    page.go_back()
    expect(device(page, "Auto")).to_be_checked()
    expect_controls(page, layers=9)
    page.go_back()
    expect_controls(page, layers=3)
    expect(page.get_by_role("heading", level=1)).to_contain_text("64 channels become 160")
    page.go_forward()
    page.go_forward()
    expect_controls(page, layers=9)
    expect(device(page, "CPU")).to_be_checked()
    page.reload()
    wait_until_still(page)
    expect_controls(page, layers=9)
    expect(device(page, "CPU")).to_be_checked()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_the_address_is_right_after_a_choice_and_steps_that_crossed_on_the_way(page: Page, instant: Server) -> None:
    """What the server says of the address about a choice arrives after the browser's own next steps of a slider."""
    routes: list[WebSocketRoute] = []
    held: list[str | bytes] = []
    holding = False

    def between(route: WebSocketRoute) -> None:
        routes.append(route)
        route.connect_to_server().on_message(lambda text: held.append(text) if holding else route.send(text))

    page.route_web_socket(re.compile("_stcore/stream"), between)
    visit(page, instant, "?growth_rate=24")
    entries = page.evaluate("history.length")
    holding = True
    device(page, "CPU").click()
    for _ in range(3):
        page.wait_for_timeout(700)
        page.locator(".st-key-growth_rate input[type=range]").press("ArrowRight")
    holding = False
    for text in held:
        routes[-1].send(text)
    expect_controls(page, growth_rate=27)
    wait_until_still(page)
    expect(device(page, "CPU")).to_be_checked()
    expect(page).to_have_url(re.compile(r"\?(?=.*growth_rate=27)(?=.*device=cpu)"))
    wait_until_still(page)
    page.wait_for_timeout(1000)
    expect(page).to_have_url(re.compile(r"\?(?=.*growth_rate=27)(?=.*device=cpu)"))
    assert page.evaluate("history.length") <= entries + 4  # the choice, and each step that it had overwritten


def test_an_undisturbed_choice_is_one_step_of_the_history_and_a_slider_is_none(page: Page, instant: Server) -> None:
    visit(page, instant, "?growth_rate=24")
    entries = page.evaluate("history.length")
    device(page, "CPU").click()
    expect(page).to_have_url(re.compile("device=cpu"))
    slider = page.locator(".st-key-growth_rate input[type=range]")
    for rate in (25, 26):
        slider.press("ArrowRight")
        expect(page.get_by_role("heading", level=1)).to_contain_text(f"{64 + 6 * rate}")
        wait_until_still(page)
    assert page.evaluate("history.length") == entries + 1


def test_a_preset_is_one_step_of_the_history(kept_page: Page, instant: Server) -> None:
    page = kept_page
    visit(page, instant, "?growth_rate=20")
    page.get_by_role("combobox", name="Preset").click()
    page.get_by_role("option", name="DenseNet-121, block 3").click()
    expect_controls(page, in_channels=256, growth_rate=32, layers=24, height=14, width=14)
    expect(page).to_have_url(re.compile(r"\?(?!.*growth_rate)(?=.*layers=24)(?=.*in_channels=256)(?=.*height=14)"))
    expect(page.get_by_role("combobox", name="Preset")).to_have_value("DenseNet-121, block 3")
    page.go_back()
    expect_controls(page, in_channels=64, growth_rate=20, layers=6, height=56)
    expect(page.get_by_role("combobox", name="Preset")).to_have_value("Custom")


def test_two_people_never_see_each_others_block(browser: Browser, instant: Server) -> None:
    pages = [browser.new_context().new_page() for _ in range(2)]
    for person, layers in zip(pages, (5, 11), strict=True):
        visit(person, instant, f"?layers={layers}&height=8&width=8")
    for step in range(3):
        type_into(pages[0], "growth_rate", 40 + step)
        type_into(pages[1], "growth_rate", 90 + step)
        expect_controls(pages[0], layers=5, growth_rate=40 + step)
        expect_controls(pages[1], layers=11, growth_rate=90 + step)
    expect(pages[0].get_by_role("heading", level=1)).to_contain_text(f"64 channels become {64 + 5 * 42}")
    expect(pages[1].get_by_role("heading", level=1)).to_contain_text(re.compile("64 channels become 1,?076"))
    for person in pages:
        person.context.close()


def test_a_bad_link_says_what_was_wrong_and_keeps_the_rest(kept_page: Page, instant: Server) -> None:
    page = kept_page
    visit(page, instant, "?growth_rate=9999&layers=4&batch=inf&bottleneck=maybe&height=2&height=3&embed_options=x")
    notice = page.locator(".st-key-notice")
    expect(notice).to_contain_text("growth_rate must be a whole number from 1 to 512, not '9999'.")
    expect(notice).to_contain_text("batch must be")
    expect(notice).to_contain_text("bottleneck must be true or false")
    expect(notice).to_contain_text("height must be given once")
    expect(notice).not_to_contain_text("embed")
    expect_controls(page, growth_rate=32, layers=4, height=56)
    expect(page).to_have_url(re.compile(r"layers=4"))
    expect(page).not_to_have_url(re.compile(r"9999|inf|maybe"))
    notice.get_by_role("button", name="Dismiss").click()
    expect(notice).to_be_hidden()
    expect_controls(page, layers=4)


def test_a_bad_value_in_a_link_is_shown_as_text(kept_page: Page, instant: Server) -> None:
    page = kept_page
    visit(page, instant, "?dtype=![x](http://example.org/a.png)**b**")
    notice = page.locator(".st-key-notice")
    expect(notice).to_contain_text("![x](http://example.org/a.png)")
    assert notice.get_by_text("example.org").locator("img, a, strong").count() == 0


def test_a_rule_between_controls_undoes_the_last_change(kept_page: Page, instant: Server) -> None:
    page = kept_page
    visit(page, instant, "?height=1&width=2")
    type_into(page, "width", 1)
    expect(page.locator(".st-key-notice")).to_contain_text("at least 2 in training")
    expect_controls(page, height=1, width=2)
    expect(page).to_have_url(re.compile("width=2"))
    type_into(page, "batch", 3)
    expect(page.locator(".st-key-notice")).to_be_hidden()


def test_a_dragged_slider_ends_where_the_page_does(kept_page: Page, instant: Server) -> None:
    page = kept_page
    visit(page, instant)
    slider = page.locator(".st-key-growth_rate input[type=range]")
    for _ in range(20):
        slider.press("ArrowRight")
    expect_controls(page, growth_rate=52)
    expect(page.get_by_role("heading", level=1)).to_contain_text("64 channels become 376")
    expect(page).to_have_url(f"{instant.address}/?growth_rate=52")


def test_on_a_phone_the_controls_are_in_reach_and_nothing_scrolls_sideways(kept_page: Page, instant: Server) -> None:
    page = kept_page
    page.set_viewport_size(PHONE)
    visit(page, instant, "?layers=4&width=1025")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= PHONE["width"]
    expect(page.locator('[class*="st-key-growth_rate_box"] input')).not_to_be_in_viewport()
    page.get_by_test_id("stExpandSidebarButton").click()
    expect(page.locator('[class*="st-key-growth_rate_box"] input')).to_be_in_viewport()
    expect_controls(page, layers=4)


@pytest.mark.parametrize(("width", "least"), [(1440, 980), (1280, 940), (390, 358)])
def test_the_page_is_as_wide_as_its_pictures_need(kept_page: Page, instant: Server, width: int, least: int) -> None:
    page = kept_page
    page.set_viewport_size({"width": width, "height": 720})
    visit(page, instant)
    found = page.get_by_test_id("stMainBlockContainer").get_by_test_id("stVerticalBlock").first
    assert found.evaluate("element => element.getBoundingClientRect().width") == least


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_soon(tmp_path: Path, browser: Browser, how: signal.Signals) -> None:
    with serving(tmp_path) as mine:
        context = browser.new_context()
        visit(context.new_page(), mine)
        family = _family(mine.process.pid)
        mine.process.send_signal(how)
        mine.process.wait(timeout=20)  # 5 s, and a busy machine longer
        assert not [pid for pid in family if _alive(pid)]
        context.close()
    assert_no_traceback(tmp_path / "server.log")


def _family(leader: int) -> list[int]:
    """Every process of the server's session, which it leads (Linux)."""
    processes = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in processes if _session(pid) == leader]


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return -1


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


# Two evaluations of a component's importing line; the call with the newer data (or with the same) comes first and the
# other one is ended. At last the element is taken out of the page, and the call that stands is ended.
PASSED = """async ([text, turns]) => {
  const line = async () => (await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })))).default;
  const [one, other] = [await line(), await line()];
  const parentElement = document.createElement("div");
  parentElement.attachShadow({ mode: "open" }).innerHTML = '<div class="panel"></div>';
  document.body.append(parentElement);
  const element = (turn) => ({
    parentElement: parentElement.shadowRoot,
    data: { markup: `<b data-source="1">${turn}</b>`, colours: "", maps: {}, select: "", source: null, turn },
    setTriggerValue() {},
  });
  const ended = () => new Promise((done) => setTimeout(done, 50));
  const newer = other(element(turns[1])), older = one(element(turns[0]));
  await newer;
  (await older)();
  await ended();
  document.dispatchEvent(new CustomEvent("dbe-source", { detail: { source: 0 } }));
  const shown = parentElement.shadowRoot.querySelector("b");
  const before = [shown.textContent, shown.className];
  parentElement.remove();
  for (const call of [newer, older]) (await call)();
  await ended();
  document.dispatchEvent(new CustomEvent("dbe-source", { detail: { source: 1 } }));
  return [...before, shown.className];
}"""


@pytest.mark.parametrize("turns", [(1, 2), (2, 2)])
def test_a_call_that_another_one_has_passed_ends_nothing(
    kept_page: Page, instant: Server, turns: tuple[int, int]
) -> None:
    page = kept_page
    visit(page, instant)
    shown, lit, after = page.evaluate(PASSED, [script("panel").importing, turns])
    assert (shown, lit) == ("2", "dim")  # the newer call's markup, and it still hears
    assert after == "dim"  # what has left the page is ended
