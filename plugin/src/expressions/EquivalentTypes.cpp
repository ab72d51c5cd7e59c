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

namespace {

/** The values of a function of two indices. */
class Matrix {
public:
    explicit Matrix(const Discrete2DFunction& function) {
        function.getFunctionParameters(sizes[0], sizes[1], values);
    }
    bool contains(int index) const {
        return index >= 0 && index < std::min(sizes[0], sizes[1]);
    }
    /** Append the values in the row and the column of an index. */
    void appendRow(int index, const set<int>& others, vector<double>& row) const {
        for (int other : others) {
            row.push_back(get(index, other));
            row.push_back(get(other, index));
        }
    }

private:
    double get(int i, int j) const {
        return values[clamp(i, 0) + (size_t) clamp(j, 1) * sizes[0]];
    }
    int clamp(int i, int side) const {
        return std::max(0, std::min(sizes[side] - 1, i));
    }
    int sizes[2];
    vector<double> values;
};

} // namespace

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
        vector<Matrix> matrices;
        for (auto& name : reads.functions)
            matrices.emplace_back(dynamic_cast<const Discrete2DFunction&>(*functions.at(name)));
        map<vector<double>, double> first; // the first value with each row
        for (double value : values) {
            const int index = (int) std::floor(value + 0.5);
            replacements[k][value] = value;
            if (!std::all_of(matrices.begin(), matrices.end(), [&](auto& matrix) { return matrix.contains(index); }))
                continue; // an index outside must not stand for others
            vector<double> row;
            for (auto& matrix : matrices)
                matrix.appendRow(index, indices, row);
            replacements[k][value] = first.insert({row, value}).first->second;
        }
    }
}

void EquivalentTypes::replace(vector<double>& parameters) const {
    for (auto& [k, values] : replacements)
        parameters[k] = values.at(parameters[k]);
}
