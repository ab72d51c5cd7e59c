// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#define LEARNEDPAIR_PORTABLE // on x86, too, so that it can be tried there
#include "computeProgram.h"
#include "computeTable.h"
#include "listNeighbors.h"

const Kernels LearnedPairPlugin::portableKernels = {
    "portable", Width, listNeighbors, computeTable, chooseStep, computeProgram, finishProgram};
