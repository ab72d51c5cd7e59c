// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedFunction.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * Require that the global parameters of a function have distinct names, and default values in their ranges.
 *
 * @param function    the name of its class, for error messages
 * @param parameters  the global parameters
 * @throws OpenMMException that names the parameter
 */
void requireGlobalParameters(const std::string& function, const std::vector<GlobalParameter>& parameters);

} // namespace LearnedPairPlugin
