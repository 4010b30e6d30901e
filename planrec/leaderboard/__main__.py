"""`python -m planrec.leaderboard`."""

import sys

from planrec.leaderboard import main

if __name__ == "__main__":
    sys.exit(main())
