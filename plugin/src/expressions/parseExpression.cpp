// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/parseExpression.h"
#include "internal/require.h"
#include "lepton/CustomFunction.h"
#include "lepton/Exception.h"
#include "lepton/Parser.h"
#include <memory>
#include <vector>

using namespace LearnedPairPlugin;
using std::string;
using std::vector;

static const int MaxDepth = 1000;

namespace {

/** Stands for a tabulated function while an expression is parsed. It is never evaluated. */
class Placeholder : public Lepton::CustomFunction {
public:
    explicit Placeholder(int numArguments) : numArguments(numArguments) {}
    int getNumArguments() const override {
        return numArguments;
    }
    double evaluate(const double*) const override {
        return 0;
    }
    double evaluateDerivative(const double*, const int*) const override {
        return 0;
    }
    CustomFunction* clone() const override {
        return new Placeholder(numArguments);
    }

private:
    int numArguments;
};

} // namespace

static int countArguments(const OpenMM::TabulatedFunction& function) {
    using namespace OpenMM;
    auto is = [&](auto* typed) { return dynamic_cast<decltype(typed)>(&function) != nullptr; };
    if (is((const Continuous1DFunction*) nullptr) || is((const Discrete1DFunction*) nullptr))
        return 1;
    return is((const Continuous2DFunction*) nullptr) || is((const Discrete2DFunction*) nullptr) ? 2 : 3;
}

TabulatedFunctions LearnedPairPlugin::findTabulatedFunctions(const OpenMM::CustomNonbondedForce& force) {
    TabulatedFunctions functions;
    for (int i = 0; i < force.getNumTabulatedFunctions(); i++)
        functions[force.getTabulatedFunctionName(i)] = &force.getTabulatedFunction(i);
    return functions;
}

Lepton::ParsedExpression LearnedPairPlugin::parseExpression(const string& text, const TabulatedFunctions& functions) {
    int depth = 0; // Lepton calls itself for each parenthesis
    for (char character : text) {
        depth += (character == '(') - (character == ')');
        require(depth <= MaxDepth, "the expression has more than ", MaxDepth, " parentheses inside each other");
    }
    vector<std::unique_ptr<Placeholder>> placeholders;
    std::map<string, Lepton::CustomFunction*> customFunctions;
    for (auto& [name, function] : functions) {
        placeholders.push_back(std::make_unique<Placeholder>(countArguments(*function)));
        customFunctions[name] = placeholders.back().get();
    }
    try {
        return Lepton::Parser::parse(text, customFunctions); // which copies the placeholders
    }
    catch (const Lepton::Exception& exception) {
        throw OpenMM::OpenMMException("the expression \"" + text + "\" cannot be read: " + exception.what());
    }
}
