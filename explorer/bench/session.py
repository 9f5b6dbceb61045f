"""One person at the page, without a browser: a real websocket session.

Speaks the page's own protocol (protobuf messages over ``/_stcore/stream``): sends
widget states, receives deltas, answers the timers of fragments and caches large
messages by their hash, as the browser does. So what it times is what the server
does for a person; drawing in the browser is measured elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

import websockets.asyncio.client
import websockets.exceptions
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.Slider_pb2 import Slider
from streamlit.proto.WidgetStates_pb2 import WidgetState

TIMEOUT = 60.0
LAST_ON_SCREEN = "chart-parameters"  # the key of the last element that is sent at once


@dataclass
class Session:
    """A connected person. ``text`` holds what the last runs sent, by element position; ``came`` in which run."""

    socket: websockets.asyncio.client.ClientConnection
    query: str
    sliders: dict[str, Slider] = field(default_factory=dict)  # by the parameter they are bound to
    text: dict[tuple[int, ...], bytes] = field(default_factory=dict)
    came: dict[tuple[int, ...], int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    received_bytes: int = 0
    _states: dict[str, WidgetState] = field(default_factory=dict)
    _known: dict[str, ForwardMsg] = field(default_factory=dict)
    _timers: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _ended: bool = False
    _begun_runs: int = 0
    _finished_runs: int = 0
    _asked_runs: int = 0

    async def run(self, expected: str = "", **sliders: int) -> float:
        """Moves sliders by their keys and waits until the page is redrawn and shows ``expected``; seconds taken.

        Raises:
            TimeoutError: it never was, or never did.
            ConnectionError: the server ended the session.
        """
        started = time.perf_counter()
        wanted = await self._move(sliders)
        await self._until(lambda: self._finished_runs >= wanted and self.shows(expected))
        return time.perf_counter() - started

    async def first_screen(self, *expected: str, timeout: float = TIMEOUT, **sliders: int) -> float:
        """The same until the first screen has arrived and one of its elements shows each of ``expected``.

        What follows (controls, formulas, exports) is sent when a browser has had time to draw that.

        Raises:
            TimeoutError: it never did.
            ConnectionError: the server ended the session.
        """
        started = time.perf_counter()
        wanted = await self._move(sliders)
        await self._until(
            lambda: self.shows(LAST_ON_SCREEN, wanted) and all(self.shows(word, wanted) for word in expected), timeout
        )
        return time.perf_counter() - started

    async def _move(self, sliders: Mapping[str, int]) -> int:
        """Asks for the page with ``sliders`` moved; the number of that run."""
        for key, value in sliders.items():
            slider = self.sliders[key]
            state = WidgetState(id=slider.id)
            if slider.options:
                state.string_array_value.data.append(str(value))
            else:
                state.double_array_value.data.append(float(value))
            self._states[key] = state
        # A bound slider writes its value into the address, and the browser sends the address along.
        self.query = urlencode(dict(parse_qsl(self.query)) | {key: str(value) for key, value in sliders.items()})
        await self._ask()
        return self._asked_runs

    async def until_shown(self, *words: str, timeout: float = TIMEOUT) -> float:
        """Waits until every one of ``words`` is on the page; seconds waited.

        Raises:
            TimeoutError: they never came.
            ConnectionError: the server ended the session.
        """
        started = time.perf_counter()
        await self._until(lambda: all(self.shows(word) for word in words), timeout)
        return time.perf_counter() - started

    def shows(self, word: str, since: int = 0) -> bool:
        """Whether an element that came in run ``since`` or later holds ``word``, as text or inside its data."""
        plain, escaped = word.encode(), word.encode("unicode_escape")
        fresh = (body for path, body in self.text.items() if self.came[path] >= since)
        return any(plain in body or escaped in body for body in fresh)

    async def _until(self, done: Callable[[], bool], timeout: float = TIMEOUT) -> None:
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(lambda: self._ended or done())
            if not done():
                raise ConnectionError("the server ended a person's session")

    async def _ask(self, fragment: str = "") -> None:
        message = BackMsg()
        message.rerun_script.query_string = self.query
        message.rerun_script.fragment_id = fragment
        message.rerun_script.is_auto_rerun = bool(fragment)
        message.rerun_script.widget_states.widgets.extend(self._states.values())
        message.rerun_script.cached_message_hashes.extend(self._known)
        if not fragment:
            self._asked_runs += 1
        with contextlib.suppress(websockets.exceptions.ConnectionClosed):  # whoever waits is told by listen()
            await self.socket.send(message.SerializeToString())

    async def listen(self) -> None:
        """Takes in messages until the connection ends, and then tells whoever waits for more."""
        try:
            await self._listen()
        except websockets.exceptions.ConnectionClosed:
            pass  # however it ended
        finally:
            self._ended = True
            async with self._changed:
                self._changed.notify_all()

    async def _listen(self) -> None:
        async for data in self.socket:
            assert isinstance(data, bytes)
            self.received_bytes += len(data)
            message = ForwardMsg()
            message.ParseFromString(data)
            if message.WhichOneof("type") == "ref_hash":
                known = self._known[message.ref_hash]
                known.metadata.CopyFrom(message.metadata)
                message = known
            elif message.metadata.cacheable:
                self._known[message.hash] = message
            async with self._changed:
                self._take(message)
                self._changed.notify_all()

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session" and not message.metadata.run.fragment_ids:  # the whole page is drawn anew
            self._begun_runs = self._asked_runs
            for timer in self._timers.values():
                timer.cancel()
            self._timers.clear()
        elif kind == "auto_rerun":
            self._start_timer(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                if fragment in self._timers:
                    self._timers.pop(fragment).cancel()
        elif kind == "script_finished":
            # Where a fragment's run follows at once, the server tells only of the end of that one.
            if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                self._finished_runs = self._begun_runs
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            path = tuple(message.metadata.delta_path)
            self.text[path], self.came[path] = element.SerializeToString(), self._begun_runs
            if element.WhichOneof("type") == "exception":
                self.failures.append(element.exception.message)
            elif element.WhichOneof("type") == "slider":
                self.sliders[element.slider.query_param_key or element.slider.label] = element.slider

    def _start_timer(self, fragment: str, interval: float) -> None:
        async def tick() -> None:
            while True:
                await asyncio.sleep(interval)
                await self._ask(fragment)

        if fragment not in self._timers:
            self._timers[fragment] = asyncio.create_task(tick())


@contextlib.asynccontextmanager
async def session(address: str, query: str = "") -> AsyncIterator[Session]:
    """A person who has opened ``address`` (``http://…``) with ``query``; the first page has been drawn."""
    url = address.replace("http", "ws", 1).rstrip("/") + "/_stcore/stream"
    async with websockets.asyncio.client.connect(
        url, subprotocols=[websockets.Subprotocol("streamlit")], max_size=None, compression=None
    ) as socket:
        person = Session(socket, query)
        listener = asyncio.create_task(person.listen())
        try:
            await person.run()
            yield person
        finally:
            for timer in person._timers.values():
                timer.cancel()
            listener.cancel()
