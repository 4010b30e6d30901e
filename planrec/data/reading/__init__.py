"""Input files: the one reader of training and scoring.

`open_input` detects the format of a file and returns an `InputFile`. It gives all rows at once (`whole`) or
part by part in constant memory (`parts`), and names rows in messages by their lines (`places`). `cells` and
`time_cells` interpret cells, `rules` and `bad_rows` report the rows that break a rule.
"""
