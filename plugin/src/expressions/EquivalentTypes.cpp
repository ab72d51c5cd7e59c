// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/EquivalentTypes.h"
#include "internal/parseExpression.h"
#include "lepton/ExpressionTreeNode.h"
#include "lepton/Operation.h"
#include <algorithm>
#include <cmath>
#include <set>
#include <string>

using namespace LearnedPairPlugin;
using Lepton::ExpressionTreeNode;
using OpenMM::CustomNonbondedForce;
using OpenMM::Discrete2DFunction;
using std::map;
using std::set;
using std::string;
using std::vector;

// With more values, comparing all of them takes too long.
static const size_t MaxValues = 4000;

namespace {

/** Where an expression reads the parameter p of both particles. */
struct Reads {
    string name;
    set<string> functions; ///< f in f(p1, p2) and f(p2, p1)
    bool elsewhere = false;
};

} // namespace

static bool isVariable(const ExpressionTreeNode& node) {
    return node.getOperation().getId() == Lepton::Operation::VARIABLE;
}

static void findReads(const ExpressionTreeNode& node, const TabulatedFunctions& functions, Reads& reads) {
    const string names[] = {reads.name + "1", reads.name + "2"};
    auto& children = node.getChildren();
    if (isVariable(node))
        reads.elsewhere |= (node.getOperation().getName() == names[0] || node.getOperation().getName() == names[1]);
    if (node.getOperation().getId() == Lepton::Operation::CUSTOM && children.size() == 2 && isVariable(children[0]) &&
            isVariable(children[1])) {
        const string function = node.getOperation().getName();
        set<string> arguments = {children[0].getOperation().getName(), children[1].getOperation().getName()};
        if (arguments == set<string>(names, names + 2) &&
                dynamic_cast<const Discrete2DFunction*>(functions.at(function)) != nullptr) {
            reads.functions.insert(function);
            return;
        }
    }
    for (auto& child : children)
        findReads(child, functions, reads);
}

/** Append the values of a function in the row and the column of an index. */
static void appendRow(const Discrete2DFunction& function, int index, const set<int>& others, vector<double>& row) {
    int sizes[2];
    vector<double> values;
    function.getFunctionParameters(sizes[0], sizes[1], values);
    auto clamp = [&](int i, int side) { return std::max(0, std::min(sizes[side] - 1, i)); };
    for (int other : others) {
        row.push_back(values[clamp(index, 0) + (size_t) clamp(other, 1) * sizes[0]]);
        row.push_back(values[clamp(other, 0) + (size_t) clamp(index, 1) * sizes[0]]);
    }
}

EquivalentTypes::EquivalentTypes(const CustomNonbondedForce& force) {
    if (force.getNumComputedValues() > 0)
        return; // they may read the parameters
    const TabulatedFunctions functions = findTabulatedFunctions(force);
    const Lepton::ParsedExpression energy = parseExpression(force.getEnergyFunction(), functions);
    vector<double> parameters;
    for (int k = 0; k < force.getNumPerParticleParameters(); k++) {
        Reads reads = {force.getPerParticleParameterName(k), {}};
        findReads(energy.getRootNode(), functions, reads);
        set<double> values;
        for (int i = 0; i < force.getNumParticles(); i++) {
            force.getParticleParameters(i, parameters);
            if (k < (int) parameters.size())
                values.insert(parameters[k]);
        }
        if (reads.elsewhere || reads.functions.empty() || values.size() > MaxValues)
            continue;
        set<int> indices;
        for (double value : values)
            indices.insert((int) std::floor(value + 0.5));
        map<vector<double>, double> first; // the first value with each row
        for (double value : values) {
            vector<double> row;
            for (auto& name : reads.functions)
                appendRow(dynamic_cast<const Discrete2DFunction&>(*functions.at(name)),
                        (int) std::floor(value + 0.5), indices, row);
            replacements[k][value] = first.insert({row, value}).first->second;
        }
    }
}

void EquivalentTypes::replace(vector<double>& parameters) const {
    for (auto& [k, values] : replacements)
        parameters[k] = values.at(parameters[k]);
}
