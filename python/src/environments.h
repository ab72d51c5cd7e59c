// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/pybind11.h>

namespace LearnedPairPlugin {

/** Add EnvironmentFunction to the module. */
void bindEnvironments(pybind11::module_& m);

} // namespace LearnedPairPlugin
