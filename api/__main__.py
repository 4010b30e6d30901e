"""`python -m api ...`: another spelling of `planrec serve ...`."""

import sys

from planrec.cli import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
