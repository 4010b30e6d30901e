"""The exit code and the words of every error that a command line can end with.

0    done
1    failed: a run, a file or an answer is missing, damaged, different or refused
2    wrong command line, configuration or setting
3    another process is already running this command
4    undecided: there is too little data, see planrec watch and retrain
130  interrupted with Ctrl-C

PLANREC_DEBUG=1 shows the traceback in place of the words.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

from planrec.errors import PlanRecError, shortened
from planrec.wording import visible

INTERRUPTED = 130

Parameters = ParamSpec("Parameters")


def reports_errors(main: Callable[Parameters, int]) -> Callable[Parameters, int]:
    """Return `main` with its errors as words on stderr and an exit code."""

    @wraps(main)
    def reporting(*args: Parameters.args, **kwargs: Parameters.kwargs) -> int:
        try:
            code = main(*args, **kwargs)
            sys.stdout.flush()
        except SystemExit as ended:  # argparse has printed the help or the mistake
            return ended.code if isinstance(ended.code, int) else 0
        except KeyboardInterrupt as error:
            print(": ".join(["interrupted", *getattr(error, "__notes__", ())]), file=sys.stderr)
            return INTERRUPTED
        except BrokenPipeError:
            # The reader has closed the pipe, as `head` does: Python must not flush to it again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except (PlanRecError, OSError) as error:
            if os.environ.get("PLANREC_DEBUG") == "1":
                raise
            words = str(error) if isinstance(error, PlanRecError) else f"cannot read or write: {error}"
            print(f"error: {visible(shortened(words))}", file=sys.stderr)
            return getattr(error, "exit_code", 1)
        return code

    return reporting


@contextmanager
def if_interrupted(note: str) -> Iterator[None]:
    """Add a note to Ctrl-C, such as which file was not written."""
    try:
        yield
    except KeyboardInterrupt as error:
        error.add_note(note)
        raise
