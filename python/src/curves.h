// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/pybind11.h>

namespace LearnedPairPlugin {

/** Define the function that tabulates the curves of a model. */
void bindCurves(pybind11::module_& module);

} // namespace LearnedPairPlugin
