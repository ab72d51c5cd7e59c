// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#define LEARNEDPAIR_PORTABLE // also where vectors exist, so that it can be tested there
#include "computeEnvironment.h"
#include "computeProgram.h"
#include "computeTable.h"
#include "listNeighbors.h"
#include "SimdBackend.h"

const SimdBackend LearnedPairPlugin::portableBackend = {"portable", Width, listNeighbors, computeTable, addDensities,
    addDensityForces, selectInstruction, computeProgram, finishProgram};
