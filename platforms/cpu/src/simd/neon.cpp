// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "computeEnvironment.h"
#include "computeProgram.h"
#include "computeTable.h"
#include "listNeighbors.h"
#include "SimdBackend.h"

const SimdBackend LearnedPairPlugin::neonBackend = {"NEON", Width, listNeighbors, computeTable, addDensities,
    addDensityForces, selectInstruction, computeProgram, finishProgram};
