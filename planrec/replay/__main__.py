"""`python -m planrec.replay`."""

import sys

from planrec.replay import main

if __name__ == "__main__":
    sys.exit(main())
