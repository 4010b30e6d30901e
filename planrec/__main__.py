"""`python -m planrec ...`: another spelling of `planrec ...`."""

import sys

from planrec.cli import main

if __name__ == "__main__":
    sys.exit(main())
