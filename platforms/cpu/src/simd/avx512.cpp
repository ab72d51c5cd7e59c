// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "computeProgram.h"
#include "computeTable.h"
#include "listNeighbors.h"
#include "SimdBackend.h"

const SimdBackend LearnedPairPlugin::avx512Backend = {
    "AVX512", Width, listNeighbors, computeTable, selectInstruction, computeProgram, finishProgram};
