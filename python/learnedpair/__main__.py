# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Makes ``python -m learnedpair`` run the command ``learnedpair``. If the package cannot be imported, Python shows a
traceback here, and the command only the message.
"""

import sys

from .cli import main

sys.exit(main())
