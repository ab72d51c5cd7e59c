// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#define LEARNEDPAIR_PORTABLE // on x86, too, so that it can be tried there
#include "computeProgram.h"
#include "computeTable.h"

const Kernels LearnedPairPlugin::portableKernels = {"portable", Width, computeTable, chooseStep, computeProgram, finishProgram};
