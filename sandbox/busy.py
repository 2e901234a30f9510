"""The objects that requests are writing to now, to tell which requests run side by side."""

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator


class Busy:
    """Counts the writing requests at work on each object. Not part of the stored state."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writers: Counter[tuple[str, str]] = Counter()

    @contextlib.contextmanager
    def writing(self, account: str, object_id: str | None) -> Iterator[bool]:
        """Hold an object for the length of a request; tells whether another one holds it too."""
        if object_id is None:
            yield False
            return
        name = (account, object_id)
        with self._lock:
            is_shared = self._writers[name] > 0
            self._writers[name] += 1
        try:
            yield is_shared
        finally:
            with self._lock:
                self._writers[name] -= 1
                if not self._writers[name]:
                    del self._writers[name]
