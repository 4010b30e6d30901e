"""HTML page about runs, `report.html`: it needs no network and no script."""
