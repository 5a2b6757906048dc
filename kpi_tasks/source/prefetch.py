"""Reads ahead in a second thread: while one batch is cast, hashed and written, the source prepares the next."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator
from contextlib import closing
from typing import Any

_AHEAD = 2
_LOOK_SECONDS = 0.1


def prefetched(items: Generator[Any]) -> Generator[Any]:
    """Yield the items (never null) in order, raising what they raise. When the reader stops early, the thread does too."""
    ready: queue.Queue[Any] = queue.Queue(_AHEAD)
    is_over = threading.Event()
    thread = threading.Thread(target=_fill, args=(items, ready, is_over), name="read ahead", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        is_over.set()
        thread.join()


def _fill(items: Generator[Any], ready: queue.Queue[Any], is_over: threading.Event) -> None:
    try:
        with closing(items):
            for item in items:
                _put(item, ready, is_over)
                if is_over.is_set():
                    return
    except BaseException as error:  # noqa: BLE001 - handed on to the thread that reads
        _put(error, ready, is_over)
    else:
        _put(None, ready, is_over)


def _put(item: Any, ready: queue.Queue[Any], is_over: threading.Event) -> None:
    while not is_over.is_set():
        try:
            ready.put(item, timeout=_LOOK_SECONDS)
        except queue.Full:
            continue
        return
