// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#define LEARNEDPAIR_PORTABLE // on x86, too, so that it can be tried there
#include "computeProgram.h"
#include "computeTable.h"
#include "listNeighbors.h"
#include "SimdBackend.h"

const SimdBackend LearnedPairPlugin::portableBackend = {
    "portable", Width, listNeighbors, computeTable, selectInstruction, computeProgram, finishProgram};
