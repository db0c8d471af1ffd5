"""Records what a feed receives, off the feed's hot path."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from synthcore.errors import RecordingError
from synthcore.recording import RecordingHeader, RecordingWriter

WAITING_MESSAGES = 65_536  # between the feed and the disk; about 30 MB of large frames


class FeedRecorder:
    """Write every message of a feed to a file, in a thread of its own.

    Give `tap` to a connector. The feed never waits for the disk: when more messages wait than may, the new
    one is left out and counted in `lost`; a file with losses says so by its gaps in the books.

    Parameters
    ----------
    path
        A new file; gzip where it ends in ".gz".
    environment, symbols, instruments
        What the header says; `instruments` are the raw entries of instruments-info.
    waiting
        How many messages may wait.

    Examples
    --------
    >>> with FeedRecorder("btc.jsonl.gz", environment="live", symbols=["BTCUSDT"]) as recorder:
    ...     connector = BybitWebSocketConnector(url, ["BTCUSDT"], tap=recorder.tap)
    ...     asyncio.run(connector.run())  # doctest: +SKIP
    """

    def __init__(
        self,
        path: str | Path,
        *,
        environment: str,
        symbols: Iterable[str],
        instruments: Iterable[Mapping[str, Any]] = (),
        source: str = "synthtest record",
        waiting: int = WAITING_MESSAGES,
    ) -> None:
        self.lost = 0
        self._header = RecordingHeader(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            environment=environment,
            symbols=tuple(symbols),
            instruments=tuple(dict(entry) for entry in instruments),
            source=source,
        )
        self._writer = RecordingWriter(path, self._header)
        self._error: RecordingError | None = None
        # Receive stamps are monotonic, the file's are epoch; one offset keeps their order and distances.
        self._epoch_offset_ns = time.time_ns() - time.monotonic_ns()
        self._waiting: queue.Queue[tuple[int, int, bytes] | None] = queue.Queue(waiting)
        self._thread = threading.Thread(target=self._write, name="recorder", daemon=True)

    @property
    def written(self) -> int:
        """Messages that are in the file, or on their way through the system."""
        return self._writer.events

    @property
    def error(self) -> RecordingError | None:
        """Why nothing is written any more, None while all is well."""
        return self._error

    def tap(self, recv_ns: int, connection: int, text: bytes) -> None:
        """Take one message from the feed; never waits. `recv_ns` is monotonic."""
        try:
            self._waiting.put_nowait((recv_ns, connection, text))
        except queue.Full:
            self.lost += 1

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def close(self) -> None:
        """Write what waits, then the end line.

        Raises
        ------
        RecordingError
            Something could not be written.
        """
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()
        self._writer.close()
        if self._error is not None:
            raise self._error

    def __enter__(self) -> FeedRecorder:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _write(self) -> None:
        while (message := self._waiting.get()) is not None:
            if self._error is not None:  # keep emptying, so that close never waits for room
                self.lost += 1
                continue
            recv_ns, connection, text = message
            try:
                self._writer.append(recv_ns + self._epoch_offset_ns, str(connection), text)
            except RecordingError as error:
                self._error = error
                self.lost += 1
