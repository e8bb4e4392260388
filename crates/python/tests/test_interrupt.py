"""Ctrl-C ends training at once, and other threads run meanwhile."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

from conftest import BUDGET, customers

from tracehound import AutoModel

PROGRAM = """
import sys
sys.path.insert(0, {tests!r})
from conftest import customers
from tracehound import AutoModel, models
# Progress is told while the fits go on, so there is work to interrupt.
models.ProgressBar.__call__ = lambda self, done, total: print("begun", flush=True)
table = customers(20_000, 1)
try:
    AutoModel("left", time_budget=600).fit(table)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_an_interrupt_is_noticed_at_once():
    program = textwrap.dedent(PROGRAM.format(tests=os.path.dirname(__file__)))
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n"
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    while (line := process.stdout.readline()) == "begun\n":
        pass
    assert line == "interrupted\n"
    assert time.monotonic() - began < 5
    process.wait(30)


def test_other_threads_run_while_a_model_is_trained():
    stop, counted = threading.Event(), [0]

    def count():
        while not stop.is_set():
            counted[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    try:
        AutoModel("left", time_budget=BUDGET).fit(customers(500, 3))
    finally:
        stop.set()
        thread.join()
    assert counted[0] > 10


def test_progress_is_drawn_where_it_is_asked_for(capsys):
    table = customers(3_000, 3)
    AutoModel("left", time_budget=2, progress=True).fit(table)
    drawn = capsys.readouterr().err
    assert "training [" in drawn and "fits" in drawn and drawn.endswith("\r")
    AutoModel("left", time_budget=0.1).fit(table)
    assert capsys.readouterr().err == ""
