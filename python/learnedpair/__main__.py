# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Makes ``python -m learnedpair`` equivalent to the command ``learnedpair``."""

import sys

from .cli import main

sys.exit(main())
