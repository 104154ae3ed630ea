"""Which initial weights? Theory, a measurement on this network and this data, and a race.

>>> from unstuck.weights import critical
>>> round(critical("relu").gain ** 2, 6)  # He: variance 2 / fan_in
2.0
"""

from unstuck.core.criticality import Critical, critical
from unstuck.weights.advice import WeightAdvice
from unstuck.weights.advise import advise

__all__ = ["Critical", "WeightAdvice", "advise", "critical"]
