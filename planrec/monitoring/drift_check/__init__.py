"""Drift of the requests that a pinned run answers, day by day, and of files of months.

logged_days.py   the rows of a decision log by day, as columns
drift_state.py   the state of a pinned run: reference days, evidence, judged days
day_judge.py     one day: hard problems, then evidence
log_check.py     `check_log`: judges all days that are over and not judged yet
month_file.py    `check_months`: a file of months against the profile
cheaper_bills.py P(cheaper) of the advice whose bills came
drift_report.py  the result as drift.json and in the terminal
drift_page.py    the result as a page
"""

from planrec.monitoring.drift_check.drift_report import DRIFT_FILE, DriftReport
from planrec.monitoring.drift_check.log_check import check_log, check_pinned
from planrec.monitoring.drift_check.month_file import check_months

__all__ = ["DRIFT_FILE", "DriftReport", "check_log", "check_months", "check_pinned"]
