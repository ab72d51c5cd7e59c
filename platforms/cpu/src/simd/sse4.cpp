// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "computeProgram.h"
#include "computeTable.h"

const Kernels LearnedPairPlugin::sse4Kernels = {"SSE4", Width, computeTable, chooseStep, computeProgram, finishProgram};
