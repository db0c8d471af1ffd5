"""``python -m synthcore.exchange '{"market": "generator"}'``: one exchange, settings as a JSON object."""

from __future__ import annotations

import signal
import sys

import msgspec

from synthcore.errors import ConfigError, SynthError


def main(arguments: list[str]) -> int:
    """Serve until told to stop. 0: ended cleanly; 1: a defect of ours; 2: settings that can't work."""
    # Until the loop has its own handlers, a signal ends the start without a trace of it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    from synthcore.exchange.server import serve
    from synthcore.exchange.settings import ExchangeSettings

    try:
        if len(arguments) > 1:
            raise ConfigError(f"one JSON object of settings is expected, but {len(arguments)} arguments came")
        try:
            settings = msgspec.json.decode(arguments[0] if arguments else "{}", type=ExchangeSettings)
        except msgspec.DecodeError as error:
            raise ConfigError(f"exchange settings must be one JSON object: {error}") from error
        return serve(settings)
    except SynthError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except Exception as error:  # the process's door: a defect of ours must not reach a user as a stack trace
        print(f"error: the exchange failed: {type(error).__name__}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
