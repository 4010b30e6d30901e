"""Print the lines that make a shell complete planrec's words.

For bash and zsh: eval "$(planrec completion bash)"; for fish: planrec completion fish | source.
"""

from argparse import ArgumentParser, Namespace

EXAMPLE = 'eval "$(planrec completion bash)"'


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the shell."""
    parser.add_argument("shell", choices=["bash", "zsh", "fish"], help="the shell that will read the lines")


def run(options: Namespace) -> int:
    """Print the lines."""
    from argcomplete.shell_integration import shellcode

    print(shellcode(["planrec"], shell=options.shell))
    return 0
