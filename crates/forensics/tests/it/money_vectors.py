"""The vectors of money.rs, by NumPy: python money_vectors.py > money_vectors.rs"""
import numpy as np

n, window, q = 400, 24, 0.9
at = np.arange(n)
swing = 0.001 * ((at * 7) % 13 + 1)
close = 1000.0 * np.cumprod(np.where(at % 2 == 0, 1 + swing, 1 - swing))
squares = np.diff(np.log(close)) ** 2  # squares[i] is the return that ends at candle i + 1
variance = np.full(n, np.nan)
for i in range(1, n):
    own = squares[max(0, i - window) : i]
    if len(own) >= window // 2:
        variance[i] = own.mean()
high, first = [], None
for i in range(n):
    past = variance[:i][~np.isnan(variance[:i])]
    known = np.flatnonzero(~np.isnan(variance[:i]))
    if np.isnan(variance[i]) or len(past) < 100 or i - known[0] < 10 * window:
        continue
    first = i if first is None else first
    # Equal windows differ in the last digit here and not in exact sums.
    if variance[i] > np.quantile(past, q, method="inverted_cdf") * (1 + 1e-12):
        high.append(i)
yearly = np.sqrt(variance * 365 * 24)
print(f"const VECTORS: [(i64, f64); 4] = [{', '.join(f'({i}, {yearly[i]:.12f})' for i in (12, 30, 200, 399))}];")
print(f"const HIGH: [i64; {len(high)}] = {high};")
print(f"const FIRST_MARK: usize = {first};")
