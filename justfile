# Every recipe uses the `python` on PATH: activate the virtual environment first.
set positional-arguments
set shell := ["bash", "-euo", "pipefail", "-c"]

# OpenMP threads that wait by spinning make busy cores several times slower; read when the library is loaded.
export OMP_WAIT_POLICY := env("OMP_WAIT_POLICY", "PASSIVE")

# List the recipes.
[private]
default:
    @just --list --unsorted

# Install PlanRec with its development tools into the active environment.
install:
    python -m pip install -e ".[dev]"

# Train one run, e.g. `just train model=logistic cv=stratified`.
train *overrides:
    planrec train "$@"

# Train one run per combination, e.g. `just sweep model=dummy,logistic`.
sweep *overrides:
    planrec train -m "$@"

# Choose the run that is served: a run folder, or the newest; `just pin --list`, `just pin --rollback`.
pin run="latest" *options:
    planrec pin "$@"

# Rank the runs in outputs/, e.g. `just leaderboard --html board.html`.
leaderboard *options:
    planrec leaderboard "$@"

# Write report.html about runs, e.g. `just report latest`; `just report RUN RUN` compares them.
report *options:
    planrec report "$@"

# Show which features a run's model uses, e.g. `just explain latest`.
explain *options:
    planrec explain "$@"

# Serve the pinned run on 127.0.0.1:8000.
serve:
    planrec serve

# Show the settings of the server: values, origins, meanings.
settings:
    planrec settings

# Train a small run, pin it, serve it and open the page.
demo:
    planrec train model=forecast policy=guarded data.n_subscribers=1000
    planrec pin latest
    @echo "Open http://127.0.0.1:8000/  (Ctrl-C stops the server)"
    @(for _ in {1..60}; do curl -sf 127.0.0.1:8000/ready && exec python -m webbrowser http://127.0.0.1:8000/; sleep 1; done) &>/dev/null &
    planrec serve

# Run all tests but slow and nightly ones, or a selection: `just test tests/model -k lgbm`.
test *selection:
    #!/usr/bin/env bash
    set -euo pipefail
    if [ $# -gt 0 ]; then
        exec python -m pytest "$@"
    fi
    exec python -m pytest -n auto -m "not slow and not nightly"

# Run the same tests with the limit of coverage, which takes twice as long; every night.
coverage:
    python -m coverage erase
    python -m coverage run -m pytest -n auto -m "not slow and not nightly"
    python -m coverage combine --quiet
    python -m coverage report

# Run the slow tests, which `just test` leaves out: clusters, kills, wheels, workers that die.
test-slow *selection:
    python -m pytest -n auto -m "slow and not nightly" "$@"

# Run the nightly tests, which take minutes each or install other programs, with many examples.
test-nightly *selection:
    HYPOTHESIS_PROFILE=nightly python -m pytest -m nightly "$@"

# Run the tests under other clocks and time zones (needs faketime): `just test-clocks tests/api`, or the third clock alone: `just test-clocks 3`.
test-clocks *selection:
    #!/usr/bin/env bash
    set -euo pipefail
    command -v faketime >/dev/null || { echo "test-clocks needs faketime: apt-get install faketime" >&2; exit 1; }
    only= number=0 failed=()
    if [[ "${1:-}" =~ ^[1-7]$ ]]; then only=$1; shift; fi
    # Time zone, instant in UTC, and its point. A month is over once it is over at UTC+14.
    while IFS='|' read -r zone instant point; do
        number=$((number + 1))
        [ "${only:-$number}" = "$number" ] || continue
        echo "== $number $point: $instant UTC, TZ=$zone"
        # An offset, not an instant: the processes that tests start read the same clock, without shared memory,
        # whose lock slows servers down. File times stay real.
        offset=$(($(date --utc --date "$instant" +%s) - $(date +%s)))
        TZ=$zone NO_FAKE_STAT=1 FAKETIME_DISABLE_SHM=1 PYTHONPATH="{{ justfile_directory() }}/tests/clocks" \
            faketime -m --exclude-monotonic -f "$(printf %+d $offset)s" \
            python -m pytest -n auto -m "not slow and not nightly" "$@" </dev/null || failed+=("$point")
    done <<'CLOCKS'
    UTC|2026-11-30 09:30:00|last day of a month, over nowhere
    Pacific/Kiritimati|2026-11-30 10:30:00|last day of a month, over in the far east only
    Etc/GMT+12|2026-12-01 00:30:00|first day of a month, the last one in the far west
    America/New_York|2026-12-31 23:59:00|the year ends in UTC
    UTC|2028-02-29 12:00:00|leap day
    Europe/Madrid|2027-03-28 00:59:00|clocks go forward
    Europe/Madrid|2027-10-31 00:59:00|clocks go back
    CLOCKS
    [ ${#failed[@]} -eq 0 ] || { printf 'failed: %s\n' "${failed[@]}" >&2; exit 1; }

# Run the Hypothesis tests with many more examples (profile nightly).
properties *selection:
    HYPOTHESIS_PROFILE=nightly python -m pytest -m hypothesis "$@"

# Kill a sweep with SIGKILL at twenty random instants, and resume it.
kills:
    HYPOTHESIS_PROFILE=nightly python -m pytest tests/sweeps/test_sweep.py -k killed

# Check style and formatting, without changing a file.
lint:
    python -m ruff check .
    python -m ruff format --check .

# Check static types.
types:
    python -m mypy planrec api

# Check which package imports which.
imports:
    lint-imports

# Words, sizes and counts that later work must keep.
limits:
    python tests/code_limits.py

# Run every check except the tests.
check: lint types imports limits

# Print the figures: rows per second, microseconds per row, start-up times.
bench *options:
    python tests/bench.py "$@"

# Load the server, score files, and write docs/performance.md; `just bench-serve --quick` writes nothing.
bench-serve *options:
    python tests/bench_serve.py "$@"

# Run the end-to-end tests, which start the real command lines as processes.
e2e *selection:
    python -m pytest -m e2e "$@"

# Build the container image; the base and further options can follow the tag.
image tag="planrec:latest" base="docker.io/library/python:3.11-slim" *options:
    #!/usr/bin/env bash
    set -euo pipefail
    for builder in podman buildah docker; do
        command -v "$builder" >/dev/null || continue
        # A tag can be moved to another base; a digest cannot.
        [[ "$2" == *@sha256:* ]] || echo "note: the base $2 has no digest (name@sha256:...): the build is not repeatable" >&2
        # The OCI format, the default of the first two, drops HEALTHCHECK.
        [ "$builder" = docker ] && format=() || format=(--format docker)
        exec "$builder" build "${format[@]}" --build-arg "BASE=$2" --tag "$1" --file Containerfile "${@:3}" .
    done
    echo "image needs podman, buildah or docker on PATH; none of them was found" >&2
    exit 1

# Regenerate every page made from code and runs; `just docs --only PAGE ...` regenerates some of them.
docs *options:
    python docs/_generate/generate.py "$@"

# Build the documentation site from docs/ into build/site, with warnings as errors; it needs no network and no server.
site:
    python -m sphinx -W --keep-going -q -c docs -d build/doctrees . build/site
    PYTHONPATH=. python docs/_generate/static_adviser.py build/site/adviser
    @echo "Open build/site/index.html"

# Take the pictures of the page for README and docs/: train two small runs, serve them, open them in Debian's chromium.
pictures:
    python docs/_generate/pictures.py

# Pin with hashes what serving, building and developing need (*.lock); `just lock --upgrade` takes newer versions.
lock *options:
    #!/usr/bin/env bash
    set -euo pipefail
    pinned() {
        python -m uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
            --custom-compile-command "just lock" --quiet "${@:2}" --output-file "$1"
    }
    pinned requirements.lock pyproject.toml --extra serve --extra bundle "$@"
    pinned requirements-dev.lock pyproject.toml --extra dev --extra ray "$@"
    python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' |
        pinned requirements-build.lock - "$@"

# Remove builds, caches and coverage data; keep the runs in outputs/.
clean:
    rm -rf build dist htmlcov .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
    find . -path ./.venv -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +
