// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "KernelText.h"
#include "internal/require.h"
#include <algorithm>
#include <sstream>

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::map;
using std::string;
using std::vector;

DerivativeText LearnedPairPlugin::createDerivativeText(ComputeContext& cc, const PairKernelText& pair) {
    std::stringstream declare, save;
    const vector<string>& names = cc.getEnergyParamDerivNames();
    for (size_t d = 0; d < pair.derivatives.size(); d++) {
        int index = std::find(names.begin(), names.end(), pair.derivatives[d]) - names.begin();
        declare << "mixed lpParameterDerivative" << d << " = 0;\n";
        save << "energyParamDerivs[GLOBAL_ID*" << names.size() << "+" << index << "] += lpParameterDerivative" << d
             << ";\n";
    }
    return {declare.str(), save.str()};
}

void LearnedPairPlugin::addPairArguments(KernelArguments& arguments, ComputeContext& cc, const PairKernelText& pair) {
    for (auto parameter : pair.parameters)
        arguments.add("GLOBAL const " + parameter.getType() + "* RESTRICT global_" + parameter.getName(),
                parameter.getArray());
    for (auto argument : pair.arguments)
        arguments.add("GLOBAL const " + argument.getType() + "* RESTRICT " + argument.getName(), argument.getArray());
    if (!pair.derivatives.empty())
        arguments.add("GLOBAL mixed* RESTRICT energyParamDerivs", cc.getEnergyParamDerivBuffer());
}

string LearnedPairPlugin::fillHoles(ComputeContext& cc, string text, const vector<map<string, string>>& rounds) {
    for (auto& replacements : rounds)
        text = cc.replaceStrings(text, replacements);
    size_t hole = text.find("LP_HOLE_");
    require(hole == string::npos, "LearnedPairForce: nothing was inserted into the kernel's text at ",
            hole == string::npos ? "" : text.substr(hole, 40), "; this is a bug in the plugin.");
    return text;
}
