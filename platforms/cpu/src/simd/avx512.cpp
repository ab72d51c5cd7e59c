// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "computeProgram.h"
#include "computeTable.h"

const Kernels LearnedPairPlugin::avx512Kernels = {"AVX512", Width, computeTable, chooseStep, computeProgram, finishProgram};
