# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""``python -m learnedpair`` is the command ``learnedpair``."""

import sys

from .cli import main

sys.exit(main())
