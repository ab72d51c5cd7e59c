# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tables of other programs: LAMMPS, GROMACS, VOTCA and UF3. Each file of this folder reads and writes one format."""
