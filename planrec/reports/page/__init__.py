"""`report.html`: runs on one page that needs no network and no script, to read on paper or on a phone."""
