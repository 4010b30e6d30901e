"""Commands and overrides that messages advise: composed from typed parts, quoted, and parsed again.

`advice.typed` writes overrides and `advice.command_line` whole commands. `values` writes values in the
grammar of Hydra, `grammar` reads them.
"""
