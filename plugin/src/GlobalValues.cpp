// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/GlobalValues.h"

using namespace LearnedPairPlugin;
using std::map;
using std::string;
using std::vector;

GlobalValues::GlobalValues(const LearnedPairForce& force) : scaleName(force.getScaleParameter()), scale(1) {
    for (auto& parameter : force.getFunction().getGlobalParameters())
        names.push_back(parameter.name);
    for (int i = 0; i < force.getNumEnergyParameterDerivatives(); i++) {
        const string& name = force.getEnergyParameterDerivativeName(i);
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

void GlobalValues::addDerivatives(double sum, const vector<double>& parameterDerivatives, map<string, double>& total) const {
    if (!scaleDerivative.empty())
        total[scaleDerivative] += sum;
    for (size_t d = 0; d < derivatives.size(); d++)
        total[names[derivatives[d]]] += scale*parameterDerivatives[d];
}
