# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The angular orders of the density channels of an environment model."""

import numpy as np

#: The largest number of channels, and the largest order: EnvironmentFunction has the same limits.
MAX_CHANNELS, MAX_ORDER = 64, 3
EXPECTED = f"the angular order of each density channel, a list of 1 to {MAX_CHANNELS} integers from 0 to {MAX_ORDER}"


def read_orders(angular):
    """Convert angular orders to a list of int; None if they are none."""
    if isinstance(angular, (str, bytes, dict)) or not hasattr(angular, "__iter__"):
        return None
    orders = list(angular)
    if not 1 <= len(orders) <= MAX_CHANNELS or not all(map(_is_order, orders)):
        return None
    return [int(order) for order in orders]


def _is_order(order):
    return isinstance(order, (int, np.integer)) and not isinstance(order, bool) and 0 <= order <= MAX_ORDER


def other_orders(module, angular):
    """The angular orders in the attribute ``angular`` of a module, if they differ from the given ones; else None."""
    orders = getattr(module, "angular", None)
    return list(orders) if isinstance(orders, (list, tuple)) and list(orders) != angular else None
