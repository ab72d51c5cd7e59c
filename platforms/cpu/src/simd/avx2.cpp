// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "computeProgram.h"
#include "computeTable.h"
#include "listNeighbors.h"

const Kernels LearnedPairPlugin::avx2Kernels = {
    "AVX2", Width, listNeighbors, computeTable, chooseStep, computeProgram, finishProgram};
