"""Python for notebooks: the verbs of the command line as functions, on runs that show themselves.

`import planrec as pr` has these functions, for example `pr.train` and `pr.load`. Each verb that trains, reads
or writes runs is a function of the same name.
"""
