"""The summary of a campaign on a terminal."""

from collections.abc import Iterator

from planrec.campaigns.summary import CampaignSummary, Part, Total
from planrec.wording import counted

ROWS = 12
"Plans, segments or channels that are shown."


def summary_text(summary: CampaignSummary) -> str:
    """Return the figures in lines of at most 80 characters if names are short."""
    figures = summary.figures
    lines = list(figure_lines(summary))
    for title, parts in (
        ("plan", figures.by_plan),
        ("segment", figures.by_segment),
        ("channel", figures.by_channel),
    ):
        lines += _table(title, parts)
    return "\n".join(lines)


def figure_lines(summary: CampaignSummary) -> Iterator[str]:
    """Yield the figures of the whole campaign, then its files and the refused rows, one line each."""
    figures, currency = summary.figures, summary.currency
    yield (
        f"{counted(figures.subscribers, 'subscriber')}, {figures.advised:,} advised to change plan,"
        f" {figures.contacted:,} to contact, {figures.held_out:,} held out"
    )
    yield f"they save {_money(figures.saving, currency)} a year if all of them change"
    yield (
        f"your revenue from bills changes by {_money(figures.revenue, currency)} a year,"
        " one-off fees left out"
    )
    if figures.below_zero_at_p10 is not None:
        yield f"{figures.below_zero_at_p10:.0%} of them may save nothing (1 in 10 cases or more)"
    if figures.excluded:
        listed = ", ".join(f"{count:,} {code}" for code, count in figures.excluded.items())
        yield f"not contacted: {listed}"
    yield from _lines_of_files(summary)
    if summary.refused_subscribers:
        yield f"{counted(summary.refused_subscribers, 'subscriber')} refused:"
        yield from (f"  {each.reason}" for each in summary.refused)


def _lines_of_files(summary: CampaignSummary) -> Iterator[str]:
    for name, use in (
        ("do-not-contact file", summary.do_not_contact),
        ("contact history", summary.contact_history),
    ):
        if use is not None:
            has_none = use.matched == 0 < use.entries
            warning = "WARNING: " if has_none else ""
            yield f"{warning}{name}: {use.matched:,} of {use.entries:,} match the months file"


def _money(total: Total, currency: str) -> str:
    return f"{total.value:,.2f} {currency} [{total.low:,.2f}, {total.high:,.2f}]"


def _table(title: str, parts: tuple[Part, ...]) -> list[str]:
    if not parts:
        return []
    head = f"{title:<24} {'advised' if title == 'plan' else 'all':>10} {'contact':>10} {'saving a year':>16}"
    shown = [
        f"{part.name or 'others':<24} {part.subscribers:>10,} {part.contacted:>10,}"
        f" {part.saving.value:>16,.2f}"
        for part in sorted(parts, key=lambda part: -part.saving.value)[:ROWS]
    ]
    more = [f"... and {len(parts) - ROWS} more"] if len(parts) > ROWS else []
    return ["", head, *shown, *more]
