"""How the command lines tell what is wrong: in words on stderr and an exit code, without a traceback."""

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from planrec.errors import PlanRecError

Asked = ParamSpec("Asked")


def tells_mistakes(main: Callable[Asked, int]) -> Callable[Asked, int]:
    """A command line whose mistakes, and files that the system refuses, become its exit code."""

    @wraps(main)
    def told(*args: Asked.args, **kwargs: Asked.kwargs) -> int:
        try:
            code = main(*args, **kwargs)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever reads has enough, as `head` does: Python must not try again when it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except PlanRecError as error:
            print(f"error: {error}", file=sys.stderr)
            return error.exit_code
        except OSError as error:
            print(f"error: what was asked for cannot be read or written: {error}", file=sys.stderr)
            return 1
        return code

    return told
