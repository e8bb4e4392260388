"""Nothing else is needed: no NumPy, no pandas, no pyarrow."""

import os
import subprocess
import sys

PROGRAM = """
import sys
for name in ("numpy", "pandas", "pyarrow", "polars", "sklearn"):
    sys.modules[name] = None
sys.path.insert(0, {tests!r})
from conftest import customers
from tracehound import AutoModel
table = customers(200, 1)
model = AutoModel("left", time_budget=0.05).fit(table)
shares = model.predict_proba(customers(3, 2))
assert isinstance(shares, list) and all(abs(sum(row) - 1) < 1e-9 for row in shares)
assert set(model.predict(table)) <= {{"no", "yes"}} and isinstance(model.explain(table)["margin"], list)
rows = [[at, at % 3] for at in range(60)]
model = AutoModel(time_budget=0.05, task="regression").fit(rows, [float(at) for at in range(60)])
assert isinstance(model.predict(rows)[0], float)
"""


def test_a_bare_python_is_enough():
    program = PROGRAM.format(tests=os.path.dirname(__file__))
    # conftest asks for pytest alone, which needs none of them.
    subprocess.run([sys.executable, "-c", program], check=True)
