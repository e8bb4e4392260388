#!/usr/bin/env python3
"""`tracehound model train` beside AutoML and boosting libraries: same rows, same splits, CPU seconds of each run's own process.

    python tabular_peers.py --tracehound target/release/tracehound --data ../shared/data/tabular --budget 20 titanic german churn

Prints one line a run and a table of mean ranks. A peer whose package is missing is left out and said. AutoGluon may live in another
environment: --autogluon /path/to/its/python. Nothing is tuned by hand: peers get categories as categories and numbers as numbers,
boosting libraries an early stop on a fifth of the training rows (the last fifth where the split is by time).
"""
import argparse, csv, gzip, json, math, os, resource, subprocess, sys, tempfile, time

PEERS = ["tracehound", "flaml", "autogluon", "lightgbm", "catboost", "xgboost", "forest", "linear"]
# name: file, target, given splits, how many of them are run, most rows
SETS = {
    "titanic": ("titanic.csv", "Survived", "titanic.json", 2, None),
    "german": ("german-credit.csv", "target", "german.json", 2, None),
    "telco": ("telco-churn.csv", "Churn", "telco.json", 1, None),
    "employee": ("employee.csv", "left", None, 1, 6000),
    "churn": ("pmlb/churn.tsv.gz", "target", None, 1, None),
    "coil2000": ("pmlb/coil2000.tsv.gz", "target", None, 1, 6000),
    "magic": ("pmlb/magic.tsv.gz", "target", None, 1, 6000),
    "phoneme": ("pmlb/phoneme.tsv.gz", "target", None, 1, None),
    "spambase": ("pmlb/spambase.tsv.gz", "target", None, 1, None),
    "ring": ("pmlb/ring.tsv.gz", "target", None, 1, 4000),
    "digits": ("sklearn:digits", "target", None, 1, None),
    "cancer": ("sklearn:breast_cancer", "target", None, 2, None),
}


def rows_of(folder, name):
    """Header and rows of a set, the target last."""
    file, target, _, _, most = SETS[name]
    if file.startswith("sklearn:"):
        import sklearn.datasets
        data = getattr(sklearn.datasets, "load_" + file.split(":")[1])()
        head = [str(n).replace(" ", "_") for n in data.feature_names] + ["target"]
        rows = [[repr(float(v)) for v in x] + [str(int(y))] for x, y in zip(data.data, data.target)]
    else:
        path = os.path.join(folder, file)
        text = gzip.open(path, "rt") if path.endswith(".gz") else open(path, newline="", encoding="utf-8-sig")
        rows = list(csv.reader(text, delimiter="\t" if ".tsv" in path else ","))
        head, rows = rows[0], rows[1:]
        at = head.index(target)
        move = lambda row: row[:at] + row[at + 1:] + [row[at]]
        head, rows = move(head), [move(row) for row in rows]
    if most and len(rows) > most:
        step = len(rows) / most
        rows = [rows[int(i * step)] for i in range(most)]
    return head, rows


def splits_of(folder, name, rows):
    """Places of test rows, one list a split."""
    _, _, given, n, most = SETS[name]
    if given and not most:
        folds = json.load(open(os.path.join(folder, "splits", given)))
        return folds[list(folds)[0]][:n]
    import random
    order = list(range(len(rows)))
    random.Random(7).shuffle(order)
    return [order[k::5] for k in range(n)]


def scores(classes, probabilities, truth):
    """Mean log loss, and the area under the curve (one against the rest, weighed by frequency)."""
    loss = -sum(math.log(max(1e-15, p[classes.index(t)])) for p, t in zip(probabilities, truth)) / len(truth)

    def area(score, is_true):
        order = sorted(range(len(score)), key=lambda i: score[i])
        rank, i = [0.0] * len(score), 0
        while i < len(order):
            j = i
            while j + 1 < len(order) and score[order[j + 1]] == score[order[i]]:
                j += 1
            for k in range(i, j + 1):
                rank[order[k]] = (i + j) / 2 + 1
            i = j + 1
        n1 = sum(is_true)
        n0 = len(is_true) - n1
        return (sum(r for r, t in zip(rank, is_true) if t) - n1 * (n1 + 1) / 2) / (n1 * n0)

    if len(classes) == 2:
        return loss, area([p[1] for p in probabilities], [t == classes[1] for t in truth])
    present = [c for c in classes if c in set(truth)]
    areas = [(area([p[classes.index(c)] for p in probabilities], [t == c for t in truth]), truth.count(c)) for c in present]
    return loss, sum(a * n for a, n in areas) / len(truth)


def frames(train, test):
    """Tables as libraries want them: numbers, or categories of the training rows."""
    import pandas as pd
    a, b = pd.read_csv(train, dtype=str, keep_default_na=False), pd.read_csv(test, dtype=str, keep_default_na=False)
    target = a.columns[-1]
    y, truth = a.pop(target), b.pop(target)
    for column in a.columns:
        blank = lambda s: s.str.strip().replace({"": None, "NA": None, "?": None})
        x, z = blank(a[column]), blank(b[column])
        number = pd.to_numeric(x, errors="coerce")
        if number.notna().sum() >= 0.98 * x.notna().sum():
            a[column], b[column] = number, pd.to_numeric(z, errors="coerce")
        elif x.nunique() > 0.5 * len(x):
            a, b = a.drop(columns=column), b.drop(columns=column)
        else:
            levels = sorted(x.dropna().unique())
            a[column] = pd.Categorical(x, categories=levels)
            b[column] = pd.Categorical(z, categories=levels)
    return a, y, b, truth


def inner(a, codes):
    from sklearn.model_selection import train_test_split
    few = min((codes == c).sum() for c in set(codes)) < 2
    return train_test_split(a, codes, test_size=0.2, random_state=0, stratify=None if few else codes)


def worker(peer, train, test, budget, out):
    """Fits one peer, in a process of its own."""
    import numpy as np, warnings
    warnings.filterwarnings("ignore")
    a, y, b, _ = frames(train, test)
    classes = sorted(y.unique())
    codes = np.array([classes.index(v) for v in y])
    two = len(classes) == 2
    dummies = lambda: tuple(__import__("pandas").get_dummies(f, dummy_na=False) for f in (a, b))
    if peer == "flaml":
        from flaml import AutoML
        model = AutoML()
        model.fit(a, codes, task="classification", time_budget=budget, metric="log_loss", n_jobs=2, seed=0, verbose=0, early_stop=True)
        p = model.predict_proba(b)
    elif peer == "autogluon":
        from autogluon.tabular import TabularPredictor
        t = a.copy()
        t["__target"] = codes
        with tempfile.TemporaryDirectory() as folder:
            model = TabularPredictor("__target", eval_metric="log_loss", path=folder, verbosity=0)
            model.fit(t, presets="medium_quality", time_limit=budget, num_cpus=2)
            p = model.predict_proba(b).to_numpy()
    elif peer == "lightgbm":
        import lightgbm as lgb
        x, v, cx, cv = inner(a, codes)
        model = lgb.LGBMClassifier(n_estimators=5000, learning_rate=0.05, num_threads=2, verbose=-1, random_state=0)
        model.fit(x, cx, eval_set=[(v, cv)], callbacks=[lgb.early_stopping(50, verbose=False)])
        p = model.predict_proba(b)
    elif peer == "catboost":
        from catboost import CatBoostClassifier
        cats = [c for c in a.columns if str(a[c].dtype) == "category"]
        plain = lambda f: f.assign(**{c: f[c].astype(object).where(f[c].notna(), "missing").astype(str) for c in cats})
        a, b = plain(a), plain(b)
        x, v, cx, cv = inner(a, codes)
        model = CatBoostClassifier(iterations=2000, thread_count=2, random_seed=0, verbose=0, allow_writing_files=False)
        model.fit(x, cx, cat_features=cats, eval_set=(v, cv), early_stopping_rounds=50)
        p = model.predict_proba(b)
    elif peer == "xgboost":
        import xgboost as xgb
        x, v, cx, cv = inner(a, codes)
        model = xgb.XGBClassifier(n_estimators=5000, learning_rate=0.05, enable_categorical=True, tree_method="hist", n_jobs=2,
                                  early_stopping_rounds=50, random_state=0, verbosity=0)
        model.fit(x, cx, eval_set=[(v, cv)], verbose=False)
        p = model.predict_proba(b)
    else:
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline
        a, b = dummies()
        b = b.reindex(columns=a.columns, fill_value=0)
        if peer == "forest":
            from sklearn.ensemble import RandomForestClassifier
            model = make_pipeline(SimpleImputer(strategy="median"), RandomForestClassifier(500, min_samples_leaf=3, n_jobs=2, random_state=0))
        else:
            from sklearn.linear_model import LogisticRegressionCV
            from sklearn.preprocessing import StandardScaler
            model = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(),
                                  LogisticRegressionCV(Cs=8, cv=5, scoring="neg_log_loss", max_iter=500, n_jobs=2))
        model.fit(a, codes)
        p = model.predict_proba(b)
    json.dump({"classes": classes, "p": np.asarray(p, float).tolist()}, open(out, "w"))


def run(peer, options, train, test, folder):
    """Classes, probabilities and CPU seconds of one peer."""
    out = os.path.join(folder, "out")
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    if peer == "tracehound":
        target = next(csv.reader(open(train)))[-1]
        if options.bench:
            told = subprocess.run([options.bench, train, target, str(options.budget), test], check=True, capture_output=True, text=True)
            one = json.loads(told.stdout.splitlines()[-1])
            return None, (one["log_loss"], one["auc"]), one["cpu"], time.time() - began, one["parts"]
        model = os.path.join(folder, "peer.model")
        subprocess.run([options.tracehound, "model", "train", train, "--target", target, "--time-budget", f"{options.budget}s", "--out", model,
                        "--json"] + options.extra, check=True, stdout=open(os.path.join(folder, "trained.json"), "w"), stderr=subprocess.DEVNULL)
    else:
        python = options.autogluon if peer == "autogluon" and options.autogluon else sys.executable
        subprocess.run([python, __file__, "--worker", peer, train, test, str(options.budget), out], check=True,
                       stdout=subprocess.DEVNULL, stderr=options.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    wall = time.time() - began
    if peer != "tracehound":
        found = json.load(open(out))
        return found["classes"], found["p"], cpu, wall, ""
    subprocess.run([options.tracehound, "model", "predict", model, test, "--out", out], check=True, stdout=subprocess.DEVNULL)
    told = json.load(open(os.path.join(folder, "trained.json")))
    rows = list(csv.reader(open(out)))[1:]
    n = 1 if len(told["classes"]) == 2 else len(told["classes"])
    p = [[float(v) for v in row[2:2 + n]] for row in rows]
    parts = " ".join(f"{part['name']}:{part['weight']:.2f}" for part in told["parts"])
    return told["classes"], [[1 - q[0], q[0]] if n == 1 else q for q in p], cpu, wall, f"{len(told['leaderboard'])} tried; {parts}"


def main():
    if sys.argv[1:2] == ["--worker"]:
        return worker(sys.argv[2], sys.argv[3], sys.argv[4], float(sys.argv[5]), sys.argv[6])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracehound", default="target/release/tracehound")
    parser.add_argument("--bench", help="the binary of `cargo bench -p tracehound-learn --bench automl --no-run`, in place of the whole program")
    parser.add_argument("--data", default="../shared/data/tabular")
    parser.add_argument("--budget", type=int, default=20)
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--autogluon", help="the Python that has it")
    parser.add_argument("--extra", nargs="*", default=[], help="further options of `model train`")
    parser.add_argument("--log", help="runs are appended as JSON lines, and those in it are not made again")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("sets", nargs="*", default=list(SETS))
    options = parser.parse_args()
    options.stderr = None if options.verbose else subprocess.DEVNULL
    done = {}
    if options.log and os.path.exists(options.log):
        for line in open(options.log):
            one = json.loads(line)
            done[one["set"], one["split"], one["peer"]] = one
    for name in options.sets:
        head, rows = rows_of(options.data, name)
        for k, held in enumerate(splits_of(options.data, name, rows)):
            with tempfile.TemporaryDirectory() as folder:
                held = set(held)
                train, test = os.path.join(folder, "train.csv"), os.path.join(folder, "test.csv")
                for path, inside in ((train, False), (test, True)):
                    with open(path, "w", newline="") as file:
                        csv.writer(file).writerows([head] + [row for i, row in enumerate(rows) if (i in held) == inside])
                truth = [row[-1] for i, row in enumerate(rows) if i in held]
                for peer in options.peers.split(","):
                    if (name, k, peer) in done:
                        continue
                    try:
                        classes, p, cpu, wall, note = run(peer, options, train, test, folder)
                    except (subprocess.CalledProcessError, OSError) as error:
                        print(f"{name:10} {k} {peer:11} left out: {error}", flush=True)
                        continue
                    loss, auc = p if classes is None else scores([str(c) for c in classes], p, truth)
                    one = {"set": name, "split": k, "peer": peer, "auc": auc, "log_loss": loss, "cpu": cpu, "wall": wall}
                    done[name, k, peer] = one
                    print(f"{name:10} {k} {peer:11} AUC {auc:.4f}  log loss {loss:.4f}  CPU {cpu:6.1f}  wall {wall:6.1f}  {note}", flush=True)
                    if options.log:
                        print(json.dumps(one), file=open(options.log, "a"))
    ranks(list(done.values()))


def ranks(runs):
    """Mean ranks over sets of the means over splits; ties share."""
    peers = [p for p in PEERS if any(r["peer"] == p for r in runs)]
    sets = [s for s in SETS if all(any(r["peer"] == p and r["set"] == s for r in runs) for p in peers)]
    mean = lambda s, p, key: (lambda v: sum(v) / len(v))([r[key] for r in runs if r["peer"] == p and r["set"] == s])
    print(f"\n{'peer':11} {'rank of log loss':>17} {'rank of AUC':>12} {'CPU s a run':>12}   over {len(sets)} sets")
    for p in peers:
        def rank(key, sign):
            at = []
            for s in sets:
                own = sign * mean(s, p, key)
                others = [sign * mean(s, q, key) for q in peers if q != p]
                at.append(1 + sum(o < own for o in others) + sum(o == own for o in others) / 2)
            return sum(at) / max(1, len(at))
        cpu = sum(mean(s, p, "cpu") for s in sets) / max(1, len(sets))
        print(f"{p:11} {rank('log_loss', 1):17.2f} {rank('auc', -1):12.2f} {cpu:12.1f}")


if __name__ == "__main__":
    main()
