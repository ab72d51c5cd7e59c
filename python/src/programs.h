// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/pybind11.h>

namespace LearnedPairPlugin {

/** Add TensorProgram and PairProgram to the module. */
void bindPrograms(pybind11::module_& m);

} // namespace LearnedPairPlugin
