"""Seconds and peak memory of `data=megaline_us` on generated events in Parquet.

python tests/bench_events.py [MILLIONS ...]
"""

import subprocess
import sys
import tempfile
from pathlib import Path

N_USERS = 10_000
"The same for every size: memory may grow with users and months, never with events."

GENERATE = """
SELECT i AS id, 1 + hash(i) % {users} AS user_id,
       DATE '2018-01-01' + CAST(hash(i + {salt}) % 365 AS INT) AS {date} {amount} FROM range({n}) AS t(i)
"""

LOAD = """
import resource, time
from planrec.config.compose import compose
config = compose("data=megaline_us", "data.path={folder}")
catalogue = config.catalogue.open()
import planrec.data.event_history
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
start = time.perf_counter()
history = config.data.load(catalogue)
seconds = time.perf_counter() - start
print(len(history), seconds, before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def events(millions: tuple[int, ...] = (5, 10, 20)) -> list[str]:
    """Events to months, at each size in a process of its own."""
    lines = []
    for size in millions:
        with tempfile.TemporaryDirectory() as folder:
            generate(Path(folder), size * 1_000_000)
            code = LOAD.format(folder=folder)
            done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
        months, seconds, before, peak = done.stdout.split()
        lines.append(
            f"{size} million events of {N_USERS:,} users to {int(months):,} months: {float(seconds):.1f} s,"
            f" peak {float(peak):.0f} MiB ({float(before):.0f} MiB before the first event)"
        )
    return lines


def generate(folder: Path, n: int) -> None:
    """Five tables with n events: 44 % calls, 23 % messages, 33 % sessions, as in the public tables."""
    import duckdb

    calls, messages = n * 44 // 100, n * 23 // 100
    amount = ", round({top} * (hash(i + 7) % 10000) / 10000, 2) AS {name}"
    with duckdb.connect(config={"memory_limit": "1GiB", "threads": 2}) as connection:
        for salt, (name, count, date, column) in enumerate(
            (
                ("calls", calls, "call_date", amount.format(top=30, name="duration")),
                ("messages", messages, "message_date", ""),
                ("internet", n - calls - messages, "session_date", amount.format(top=900, name="mb_used")),
            )
        ):
            query = GENERATE.format(users=N_USERS, salt=salt + 1, date=date, amount=column, n=count)
            connection.execute(f"COPY ({query}) TO '{folder}/megaline_{name}.parquet'")
        users = (
            "SELECT 1 + i AS user_id, if(i % 3 = 0, 'ultimate', 'surf') AS plan, 18 + i % 60 AS age,"
            f" NULL::DATE AS churn_date FROM range({N_USERS}) AS t(i)"
        )
        connection.execute(f"COPY ({users}) TO '{folder}/megaline_users.parquet'")
        plans = "SELECT 'surf' AS plan_name, 20 AS usd_monthly_pay"
        connection.execute(f"COPY ({plans}) TO '{folder}/megaline_plans.parquet'")


if __name__ == "__main__":
    chosen = tuple(int(size) for size in sys.argv[1:]) or (5, 10, 20)
    print("\n".join(events(chosen)))
