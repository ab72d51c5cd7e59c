// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/pybind11.h>

namespace LearnedPairPlugin {

/** Define the functions that read a System of OpenMM as arrays. */
void bindSystems(pybind11::module_& module);

} // namespace LearnedPairPlugin
