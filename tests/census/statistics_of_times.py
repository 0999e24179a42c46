"""Whether two samples of times can be told apart."""

import math
from itertools import groupby


def mann_whitney(one: list, other: list) -> tuple:
    """(two-sided p by the normal approximation with correction for ties, area under the ROC curve)."""
    pooled = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    rank_sum, place, ties = 0.0, 0, 0
    for _, group in groupby(pooled, key=lambda pair: pair[0]):
        members = list(group)
        rank = place + (len(members) + 1) / 2
        rank_sum += rank * sum(1 for _, which in members if which == 0)
        ties += len(members) ** 3 - len(members)
        place += len(members)
    n, m = len(one), len(other)
    u = rank_sum - n * (n + 1) / 2
    total = n + m
    deviation = math.sqrt(n * m / 12 * (total + 1 - ties / (total * (total - 1))))
    p = math.erfc(abs(u - n * m / 2) / deviation / math.sqrt(2)) if deviation else 1.0
    return p, u / (n * m)
