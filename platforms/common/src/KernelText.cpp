// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "KernelText.h"
#include "CommonLearnedPairKernelSources.h"
#include "internal/require.h"
#include "internal/SwitchingFunction.h"
#include <algorithm>
#include <sstream>

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::string;
using std::vector;

DerivativeText LearnedPairPlugin::createDerivativeText(ComputeContext& cc, const vector<string>& parameters) {
    std::stringstream declare, save;
    const vector<string>& names = cc.getEnergyParamDerivNames();
    for (size_t d = 0; d < parameters.size(); d++) {
        int index = std::find(names.begin(), names.end(), parameters[d]) - names.begin();
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

int LearnedPairPlugin::addBoxArguments(KernelArguments& arguments) {
    const int first = arguments.addLater("real4 periodicBoxSize");
    for (string name : {"invPeriodicBoxSize", "periodicBoxVecX", "periodicBoxVecY", "periodicBoxVecZ"})
        arguments.addLater("real4 " + name);
    return first;
}

string LearnedPairPlugin::createDistanceText(ComputeContext& cc, const LearnedPairForce& force) {
    return cc.replaceStrings(CommonLearnedPairKernelSources::pairDistance,
            {{"LP_INNER_CUTOFF", cc.doubleToString(force.getInnerCutoffDistance())}});
}

string LearnedPairPlugin::insertSwitching(ComputeContext& cc, const string& text, const LearnedPairForce& force) {
    const SwitchingFunction switching(force);
    return replaceHoles(cc, text,
            {{{"LP_HOLE_SWITCHING", CommonLearnedPairKernelSources::switching}},
                {{"LP_USE_SWITCH", switching.used ? "1" : "0"},
                    {"LP_SWITCHING_DISTANCE", cc.doubleToString(switching.start)},
                    {"LP_SWITCHING_INVERSE_WIDTH", cc.doubleToString(switching.inverseWidth)}}});
}

string LearnedPairPlugin::createScaleText(ComputeContext& cc, const LearnedPairForce& force, const string& values) {
    if (force.getScaleParameter().empty())
        return "1";
    return values + "[" + cc.intToString(cc.registerGlobalParam(force.getScaleParameter())) + "]";
}

void LearnedPairPlugin::addScaleArgument(
        KernelArguments& arguments, ComputeContext& cc, const LearnedPairForce& force, const string& values) {
    if (!force.getScaleParameter().empty())
        arguments.add("GLOBAL const real* RESTRICT " + values, cc.getGlobalParamValues());
}

string LearnedPairPlugin::replaceHoles(ComputeContext& cc, string text, const vector<HoleTexts>& rounds) {
    for (auto& replacements : rounds)
        text = cc.replaceStrings(text, replacements);
    return text;
}

string LearnedPairPlugin::fillHoles(ComputeContext& cc, const string& text, const vector<HoleTexts>& rounds) {
    const string result = replaceHoles(cc, text, rounds);
    size_t hole = result.find("LP_HOLE_");
    require(hole == string::npos, "LearnedPairForce: nothing was inserted into the kernel's text at ",
            hole == string::npos ? "" : result.substr(hole, 40), "; this is a bug in the plugin.");
    return result;
}
