// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "computeProgram.h"
#include "computeTable.h"

const Kernels LearnedPairPlugin::baselineKernels = {"baseline", Width, computeTable, chooseStep, computeProgram, finishProgram};
