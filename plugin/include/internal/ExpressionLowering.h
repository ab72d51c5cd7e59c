// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/parseExpression.h"
#include "internal/ProgramBuilder.h"
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace Lepton {
class ExpressionTreeNode;
class Operation;
} // namespace Lepton

namespace LearnedPairPlugin {

/**
 * Writes the expressions of OpenMM's custom forces as steps of a program. OpenMM's own parser, Lepton, reads the text.
 * The steps compute the same function, so that results differ by rounding only.
 */
class ExpressionLowering {
public:
    /** The steps that hold the values of variables, by their names. Each has the length 1. */
    typedef std::map<std::string, int> Variables;
    /**
     * @param builder    the program that the steps are added to
     * @param functions  the tabulated functions that expressions may call
     */
    ExpressionLowering(ProgramBuilder& builder, const TabulatedFunctions& functions) :
            builder(builder),
            functions(functions) {}
    /**
     * Add the steps of an expression.
     *
     * @param text       the expression, with definitions of intermediate values if it has any
     * @param variables  the variables that it may read
     * @return the index of the step that holds the result
     * @throws OpenMMException if the text is not a valid expression, or if it reads another variable
     */
    int lower(const std::string& text, const Variables& variables);
    /**
     * Get a step that counts the indices of discrete functions that are outside of their functions, in all expressions
     * so far. There OpenMM's platforms disagree: some take the nearest value, others an arbitrary one.
     */
    int countIndicesOutside();

private:
    int lowerNode(const Lepton::ExpressionTreeNode& node, const Variables& variables);
    int lowerPower(int base, int exponent);
    int lowerTrigonometric(const Lepton::Operation& operation, int x);
    int lowerFunction(const std::string& name, const std::vector<int>& arguments);
    int lowerContinuous1D(const OpenMM::Continuous1DFunction& function, const std::string& name, int argument);
    int lowerContinuous2D(
            const OpenMM::Continuous2DFunction& function, const std::string& name, const std::vector<int>& arguments);
    int lowerContinuous3D(
            const OpenMM::Continuous3DFunction& function, const std::string& name, const std::vector<int>& arguments);
    int lowerDiscrete(const std::vector<double>& values, const std::vector<int>& sizes, const std::string& name,
            const std::vector<int>& arguments);
    int lowerPatches(const std::vector<std::vector<double>>& coefficients,
            const std::vector<std::vector<double>>& knots, bool periodic, const std::string& name,
            const std::vector<int>& arguments);
    bool readsGlobals(int step) const;
    int isWithin(int argument, double low, double high);
    int moveInside(int argument, int within, double inside);
    int wrap(int argument, double low, double high);
    int power(int base, int exponent);
    int power(int base, double exponent);
    int unary(Operation operation, int operand);
    int binary(Operation operation, int operand1, int operand2);
    int literal(double value);
    int add(Operation operation, const std::vector<int>& operands, const std::vector<int>& integers = {},
            const std::vector<double>& constants = {});
    int numbersOf(const std::string& name, const std::vector<double>& numbers);
    typedef std::tuple<Operation, std::vector<int>, std::vector<int>, std::vector<double>> Key;
    ProgramBuilder& builder;
    const TabulatedFunctions& functions;
    std::map<Key, int> known;           // the steps added so far: each is added once
    std::map<std::string, int> numbers; // the weights of tabulated functions, by their names
    std::vector<int> outside;           // steps that are 1 if an index is outside of its function, else 0
};

} // namespace LearnedPairPlugin
