"""A world whose odds are known, and where things are."""

import math
import os
import random
from pathlib import Path

import pytest

#: A budget that trains a model of a few hundred rows in about a second.
BUDGET = 0.3


def customers(n, seed, missing=True):
    """Customers who leave with odds of ``2·size - 1 + 1.5·(plan = monthly)``, as columns."""
    dice = random.Random(seed)
    columns = {"id": [], "size": [], "plan": [], "visits": [], "left": []}
    for row in range(n):
        size, plan = dice.uniform(-2, 2), dice.choice(["monthly", "yearly", "free"])
        margin = 2 * size - 1 + (1.5 if plan == "monthly" else 0)
        left = dice.random() < 1 / (1 + math.exp(-margin))
        columns["id"].append(f"c{row:05}")
        columns["size"].append(None if missing and dice.random() < 0.05 else round(size, 4))
        columns["plan"].append(plan)
        columns["visits"].append(dice.randrange(100))
        columns["left"].append("yes" if left else "no")
    return columns


@pytest.fixture(scope="session")
def seen():
    return customers(300, 1)


@pytest.fixture(scope="session")
def new():
    return customers(200, 2)


@pytest.fixture(scope="session")
def model(seen):
    from tracehound import AutoModel

    return AutoModel("left", time_budget=BUDGET, progress=False).fit(seen)


@pytest.fixture(scope="session")
def binary():
    path = Path(os.environ.get("TRACEHOUND_BINARY", ""))
    if not path.is_file():
        pytest.skip("the command line was not built beside the module")
    return str(path)


def to_csv(columns, path):
    import csv

    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values()))
    return str(path)
