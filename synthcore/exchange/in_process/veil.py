"""What a log keeps of the secrets that come in: nothing that its replay doesn't need.

The accounts' own keys stay, since signatures are checked once more. The control token is replaced by a word
that opens nothing but the replay, a key that isn't this exchange's by none, and headers that no exchange
reads are left out.
"""

from __future__ import annotations

import msgspec

from synthcore.exchange.auth import KEY_HEADER, RECV_WINDOW_HEADER, SIGN_HEADER, TIMESTAMP_HEADER
from synthcore.exchange.cors import ASKED_HEADERS, ASKED_METHOD, ORIGIN
from synthcore.exchange.in_process.input_log import Head
from synthcore.exchange.in_process.inputs import AnyInput, CallCame

STAND_IN = "control-token-of-a-replay"
KEY, SIGN = KEY_HEADER.decode(), SIGN_HEADER.decode()
AUTHORIZATION = "authorization"
OF_A_CALL = (SIGN_HEADER, TIMESTAMP_HEADER, RECV_WINDOW_HEADER)
OF_A_PAGE = (ORIGIN, ASKED_METHOD, ASKED_HEADERS)
READ = frozenset({KEY, AUTHORIZATION, *(name.decode() for name in (*OF_A_CALL, *OF_A_PAGE))})

Header = tuple[str, str]


class Veil:
    """Lies over one exchange's log.

    Parameters
    ----------
    head
        How the exchange really began.
    """

    def __init__(self, head: Head) -> None:
        self._head = head
        self._bearer = f"Bearer {head.settings.control_token}"
        self._own_keys = frozenset(key for key, _ in head.keys)

    @property
    def head(self) -> Head:
        """The beginning as the log has it."""
        settings = self._head.settings
        token = STAND_IN if settings.control_token else ""
        veiled = msgspec.structs.replace(settings, control_token=token)
        return msgspec.structs.replace(self._head, settings=veiled)

    def over(self, given: AnyInput) -> AnyInput:
        """One input as the log has it."""
        if not isinstance(given, CallCame):
            return given
        is_own = dict(given.headers).get(KEY, "") in self._own_keys
        headers = tuple(self._veiled(header, is_own) for header in given.headers if header[0] in READ)
        return msgspec.structs.replace(given, headers=headers)

    def _veiled(self, header: Header, is_own: bool) -> Header:
        name, value = header
        if name == AUTHORIZATION:
            return name, f"Bearer {STAND_IN}" if value == self._bearer else ""
        return header if is_own or name not in (KEY, SIGN) else (name, "")
