// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/globalParameters.h"
#include "internal/require.h"
#include <cmath>
#include <set>

using namespace LearnedPairPlugin;

void LearnedPairPlugin::requireGlobalParameters(
        const std::string& function, const std::vector<GlobalParameter>& parameters) {
    std::set<std::string> names;
    for (auto& parameter : parameters) {
        require(!parameter.name.empty() && names.insert(parameter.name).second, function, ": the global parameter \"",
                parameter.name, "\" has an empty or repeated name; expected distinct names.");
        require(std::isfinite(parameter.defaultValue), function, ": the global parameter \"", parameter.name,
                "\" has the default value ", parameter.defaultValue, "; it must be finite.");
        require(parameter.range.allows(parameter.defaultValue), function, ": the global parameter \"", parameter.name,
                "\" has the default value ", parameter.defaultValue, " and the range ", parameter.range.low, " to ",
                parameter.range.high, "; the default must be in the range.");
    }
}
