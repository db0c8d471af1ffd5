"""Every error a user of synthcore can meet.

SynthError
├── ConfigError          the caller's settings: which one, the rule, the value, where it came from
├── RecordingError       a recording that can't be read: which line, why
├── VenueError           the exchange's side
│   ├── VenueUnreachable     no answer, connection refused: a repeat may help
│   ├── OutcomeUnknown       the request may have taken effect: look up before anything else
│   └── VenueRefused         the exchange answered with an error code: see `code` and `error_class`
├── JournalBroken        nothing can be recorded any more: no order may be sent that opens something
└── Unresolved           a position could not be proven flat: a person is needed

Each message is one sentence: the rule, the value, the place, the fix.
"""

from __future__ import annotations


class SynthError(Exception):
    """Base of every error that synthcore raises on purpose."""


class ConfigError(SynthError):
    """A setting, flag or combination of them that can't work. A repeat never helps."""


class RecordingError(SynthError):
    """A recording that is unreadable, truncated or of another format. A repeat never helps."""


class VenueError(SynthError):
    """The exchange, or the way to it, failed."""


class VenueUnreachable(VenueError):
    """No connection, so nothing was sent. A repeat may help."""


class OutcomeUnknown(VenueError):
    """The request went out and no answer tells its fate: look it up before anything is sent again."""


class VenueRefused(VenueError):
    """The exchange answered with an error code.

    Parameters
    ----------
    code
        The venue's code (`retCode` on Bybit).
    message
        The venue's own text, without secrets.
    error_class
        What it means for the caller: a class of the venue's table (`venues/*/codes.py`), `flat` where a
        close found no position, or `shut_out` where our address is refused for minutes.
    """

    def __init__(self, code: int, message: str, error_class: str = "ours") -> None:
        super().__init__(f"{message} (code {code})")
        self.code = code
        self.message = message
        self.error_class = error_class


class JournalBroken(SynthError):
    """The journal can't be written any more: what opens something must not be sent, what closes may be."""


class Unresolved(SynthError):
    """Exposure is left, or may be: names the legs that are open."""
