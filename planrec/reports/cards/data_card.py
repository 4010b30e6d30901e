"""`planrec card data RUN ...`: data of runs, in Markdown."""

from collections.abc import Sequence
from pathlib import Path

from planrec.reports.markdown import escape_markdown, markdown_code
from planrec.runs.manifest import Manifest


def data_cards(folders: Sequence[Path]) -> str:
    """Return the card of the data of these runs.

    Raises:
        RunError: a run cannot be read.
    """
    from planrec.runs.read import config_of, read_manifest

    manifests = [read_manifest(folder) for folder in folders]
    for manifest, folder in zip(manifests, folders, strict=True):
        config_of(manifest, folder)
    return data_card(manifests)


def data_card(manifests: Sequence[Manifest]) -> str:
    """Return one section per run, made of its run.json alone."""
    lines = ["# Data card", "", "Generated from runs by `planrec card data`.", ""]
    for manifest in manifests:
        lines += section(manifest)
    return "\n".join(lines)


def section(manifest: Manifest) -> list[str]:
    """Return the section about one run's data, line by line."""
    data, options = manifest.data, manifest.config["data"]
    title = Path(options["path"]).name if "path" in options else options["kind"]
    dropped = ", ".join(map(markdown_code, options["drop_columns"])) or "none"
    protected = ", ".join(map(markdown_code, options["protected_columns"])) or "none"
    return [
        f"## {title}",
        "",
        f"Loaded by {markdown_code(manifest.command)}; fingerprint `{manifest.data_fingerprint[:16]}`.",
        "",
        f"* decisions: {data.n_decisions:,}",
        f"* subscribers: {f'{n:,}' if (n := data.n_subscribers) else 'no id in the data'}",
        f"* decided: {' to '.join(data.as_of) if data.as_of else 'no time in the data'}",
        f"* columns dropped: {dropped}",
        f"* protected columns, compared but never features: {protected}",
        *(f"* {escape_markdown(note)}" for note in manifest.notes),
        "",
        "| plan | share |",
        "|---|---|",
        *(f"| {plan} | {share:.1%} |" for plan, share in data.class_shares.items()),
        "",
        "| column | kind | missing | min | median | max |",
        "|---|---|---|---|---|---|",
        *(
            f"| `{column.name}` | {column.kind} | {column.missing:.1%} |"
            f" {' | '.join(_figure(getattr(column, key)) for key in ('min', 'median', 'max'))} |"
            for column in data.columns
        ),
        "",
    ]


def _figure(value: object) -> str:
    return f"{value:,.1f}" if isinstance(value, float) else str(value or "")
