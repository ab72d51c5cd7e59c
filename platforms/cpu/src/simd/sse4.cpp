// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "computeProgram.h"
#include "computeTable.h"
#include "listNeighbors.h"

const Kernels LearnedPairPlugin::sse4Kernels = {
    "SSE4", Width, listNeighbors, computeTable, chooseStep, computeProgram, finishProgram};
