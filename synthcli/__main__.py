"""`synthtest` and `python -m synthcli`: the one place where an error becomes a sentence and an exit code."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
import traceback

import click

from synthcli import interrupts
from synthcli.cli import cli

EXIT_FAILED = 1
EXIT_WRONG_USE = 2
EXIT_NOT_FLAT = 3
EXIT_INTERRUPTED = 130

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)

ASCII = {"−": "-", "µ": "u", "─": "-", "–": "-", "·": "|", "→": ">", "✓": "+", "✗": "x", "±": "+-"}


def main() -> None:
    """Run the command line and leave with its exit code."""
    replace_closed_streams()
    interrupts.watch()
    codecs.register_error("nearest_ascii", nearest_ascii)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a locale without our signs costs their looks, not the line
            stream.reconfigure(errors="nearest_ascii")
    args = sys.argv[1:]
    debug = "--debug" in args  # wherever it stands, also when the rest can't be parsed
    code = run([arg for arg in args if arg != "--debug"], debug)
    let_go_of_broken_streams()
    sys.exit(code)


def nearest_ascii(error: UnicodeError) -> tuple[str, int]:
    """What is written for signs that the terminal's encoding lacks; a minus stays a minus."""
    assert isinstance(error, UnicodeEncodeError)
    return "".join(ASCII.get(sign, "?") for sign in error.object[error.start : error.end]), error.end


def run(args: list[str], debug: bool = False) -> int:
    """Run one command; no exception gets past here."""
    try:
        code = cli.main(["--debug", *args] if debug else args, prog_name="synthtest", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return EXIT_WRONG_USE
    except click.ClickException as error:
        return say(usage(error), EXIT_WRONG_USE)
    except (KeyboardInterrupt, click.Abort):
        return say("interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:
        return EXIT_FAILED  # who read our output left
    except Exception as error:
        if debug:
            traceback.print_exc()
        return say(*sentence(error, debug))


def replace_closed_streams() -> None:
    """Who closed a standard stream (`>&-`) wants nothing there; a socket must not take its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  # for good


def let_go_of_broken_streams() -> None:
    """Where nobody reads any more, the interpreter must not try again at its exit and change the code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def usage(error: click.ClickException) -> str:
    """Click's own sentence, with the way to the help."""
    context = getattr(error, "ctx", None)
    way = context.command_path if context else "synthtest"
    message = error.format_message().rstrip(".")
    return f"{message}; see `{way} --help`"


def sentence(error: Exception, debug: bool) -> tuple[str, int]:
    """One sentence and the exit code of an error."""
    from synthcore.errors import SynthError, Unresolved

    if isinstance(error, Unresolved):
        return str(error), EXIT_NOT_FLAT
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return (
            f"the output must be written in full, it wasn't ({error.strerror}); free some space",
            EXIT_FAILED,
        )
    if isinstance(error, SynthError):  # wrong settings, or no exchange to go to: nothing was traded
        return str(error), EXIT_WRONG_USE
    what = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(": ")
    return f"internal error ({what})" + ("" if debug else "; --debug shows the trace"), EXIT_FAILED


def say(text: str, code: int) -> int:
    """Words go to stderr."""
    click.echo(f"synthtest: {text}", err=True)
    return code


if __name__ == "__main__":
    main()
