"""Replace `time.sleep` in every Python process below `just test-clocks`.

Under libfaketime 0.9.10 it fails with EINVAL from Python 3.11 on: libfaketime subtracts the offset of the
clock from instants of the monotonic clock, which it leaves as it is.
"""

import select
import time


def sleep(seconds: float) -> None:
    """Wait without an instant: `select` takes a duration."""
    select.select([], [], [], seconds)


time.sleep = sleep
