// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/GlobalValues.h"
#include "OpenMM.h"
#include <algorithm>

using namespace LearnedPairPlugin;
using std::map;
using std::string;
using std::vector;

/** Add the names of the parameter derivatives requested of a force, if it has one of the given classes. */
template<class... ForceTypes> static void addDerivativeNames(const OpenMM::Force& force, vector<string>& names) {
    auto add = [&](auto* typed) {
        if (typed != nullptr)
            for (int i = 0; i < typed->getNumEnergyParameterDerivatives(); i++)
                names.push_back(typed->getEnergyParameterDerivativeName(i));
    };
    (add(dynamic_cast<const ForceTypes*>(&force)), ...);
}

vector<string> LearnedPairPlugin::findEnergyParameterDerivatives(
        const OpenMM::System& system, const LearnedPairForce& force) {
    vector<string> requested, result;
    addDerivativeNames<LearnedPairForce>(force, requested);
    for (int i = 0; i < system.getNumForces(); i++)
        addDerivativeNames<LearnedPairForce, OpenMM::ATMForce, OpenMM::CustomAngleForce, OpenMM::CustomBondForce,
                OpenMM::CustomCVForce, OpenMM::CustomCentroidBondForce, OpenMM::CustomCompoundBondForce,
                OpenMM::CustomGBForce, OpenMM::CustomNonbondedForce, OpenMM::CustomTorsionForce>(
                system.getForce(i), requested);
    for (auto& name : requested)
        if (force.hasParameter(name) && std::find(result.begin(), result.end(), name) == result.end())
            result.push_back(name);
    return result;
}

GlobalValues::GlobalValues(const LearnedPairForce& force, const vector<string>& derivativeNames) :
        scaleName(force.getScaleParameter()),
        scale(1) {
    for (int i = 0; i < force.getNumGlobalParameters(); i++) {
        names.push_back(force.getGlobalParameterName(i));
        values.push_back(force.getGlobalParameterDefaultValue(i));
    }
    for (auto& name : derivativeNames) {
        if (name == scaleName)
            scaleDerivative = name;
        for (size_t k = 0; k < names.size(); k++)
            if (name == names[k])
                derivatives.push_back(k);
    }
}

void GlobalValues::update(OpenMM::ContextImpl& context) {
    if (!scaleName.empty())
        scale = context.getParameter(scaleName);
    values.clear();
    for (auto& name : names)
        values.push_back(context.getParameter(name));
}

vector<string> GlobalValues::getDerivativeNames() const {
    vector<string> result;
    if (!scaleDerivative.empty())
        result.push_back(scaleDerivative);
    for (int index : derivatives)
        result.push_back(names[index]);
    return result;
}

void GlobalValues::addDerivatives(
        double sum, const vector<double>& parameterDerivatives, map<string, double>& total) const {
    if (!scaleDerivative.empty())
        total[scaleDerivative] += sum;
    for (size_t d = 0; d < derivatives.size(); d++)
        total[names[derivatives[d]]] += scale * parameterDerivatives[d];
}
