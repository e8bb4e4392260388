"""Our ARIMA fits beside those of R on classic series.

    Rscript bench/arima_r.R FOLDER
    python bench/arima_r.py FOLDER [target/release/tracehound]

Of given orders: the log likelihood (R's start is diffuse by a variance of 1e6, ours exactly). Of orders that are found: AICc
beside those of auto.arima, quick and in full; lower is better.
"""
import csv
import json
import pathlib
import subprocess
import sys
import time

FOLDER = pathlib.Path(sys.argv[1])
PROGRAM = sys.argv[2] if len(sys.argv) > 2 else "tracehound"


def series(name):
    rows = list(csv.reader(open(FOLDER / f"{name}.csv")))[1:]
    rows = [row or [""] for row in rows]
    return [float(row[0]) if row[0] else None for row in rows], [[float(x) for x in row[1:]] for row in rows]


def fit(name, season, orders, trend):
    y, exog = series(name)
    asked = dict(name=name, y=y, h=1)
    if exog[0]:
        asked |= dict(exog=exog, exog_future=exog[-1:])
    if int(season) > 1:
        asked["m"] = int(season)
    if orders:
        orders = [int(order) for order in orders.split(",")]
        asked |= dict(order=orders[:3], trend=trend, seasonal_order=[*orders[3:], int(season)] if any(orders[3:]) else [0] * 4)
    path = FOLDER / "asked.json"
    path.write_text(json.dumps(asked))
    method = "sarimax" if orders else "auto_arima"
    begin = time.time()
    made = subprocess.run([PROGRAM, "forecast", "fit", path, "--method", method, "--json"], capture_output=True, text=True)
    if made.returncode:
        sys.exit(f"{name}: {made.stderr}")
    return json.loads(made.stdout), time.time() - begin


print(f"{'series':22} {'ours':>12} {'R':>12} {'R in full':>12} {'difference':>11} {'seconds':>8} {'R CPU s':>8}")
worse = 0
for line in open(FOLDER / "r.tsv"):
    kind, name, season, orders, trend, theirs, full, cpu = line.rstrip("\n").split("\t")
    answer, seconds = fit(name, season, orders, trend)
    ours, theirs = answer["log_likelihood" if kind == "given" else "aicc"], float(theirs)
    best = min(theirs, float(full)) if full else theirs
    better = ours - best if kind == "given" else best - ours
    worse += better < -0.01
    print(f"{name:22} {ours:12.3f} {theirs:12.3f} {full and f'{float(full):.3f}':>12} {better:11.3f} {seconds:8.2f} {float(cpu):8.2f}")
print(f"{worse} worse by more than 0.01 (difference: how much better ours is)")
