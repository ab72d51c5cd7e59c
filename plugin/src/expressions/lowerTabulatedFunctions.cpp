// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
//
// The part of ExpressionLowering for tabulated functions. What they mean is defined by OpenMM's Reference platform,
// ReferenceTabulatedFunction.cpp: continuous functions are natural or periodic cubic splines, and 0 outside of their
// range; discrete functions take the value at the nearest index.

#include "internal/ExpressionLowering.h"
#include "internal/operations.h"
#include "internal/require.h"
#include "openmm/internal/SplineFitter.h"

using namespace LearnedPairPlugin;
using OpenMM::SplineFitter;
using std::string;
using std::vector;

// The largest number below which all integers are exact in single precision.
static const size_t MaxRows = 1 << 24;

/** Get equally spaced knots. */
static vector<double> makeKnots(int count, double low, double high) {
    vector<double> knots;
    for (int i = 0; i < count; i++)
        knots.push_back(low + i * (high - low) / (count - 1));
    return knots;
}

/** Require that the values of a periodic function of three arguments are equal at both ends of each axis. */
static void requirePeriodicValues(const vector<double>& values, const int sizes[3], const string& name) {
    for (int k = 0; k < sizes[2]; k++)
        for (int j = 0; j < sizes[1]; j++)
            for (int i = 0; i < sizes[0]; i++) {
                auto index = [&](int a, int b, int c) { return a + ((size_t) b + (size_t) c * sizes[1]) * sizes[0]; };
                bool isEnd = (i == sizes[0] - 1 || j == sizes[1] - 1 || k == sizes[2] - 1);
                size_t wrapped = index(i % (sizes[0] - 1), j % (sizes[1] - 1), k % (sizes[2] - 1));
                require(!isEnd || values[index(i, j, k)] == values[wrapped], "the periodic tabulated function \"", name,
                        "\" has different values at the ends of an axis; they must be equal");
            }
}

/** Refuse a function whose indices, which are computed in single precision, are not exact. */
static void requireExactIndices(size_t numRows, const string& name) {
    require(numRows <= MaxRows, "the tabulated function \"", name, "\" has ", numRows,
            " values or patches, and at most ", MaxRows, " are supported");
}

/** Get whether a step depends on global parameters. */
bool ExpressionLowering::readsGlobals(int step) const {
    vector<char> isSeen(builder.getNumSteps());
    vector<int> open = {step};
    while (!open.empty()) {
        int next = open.back();
        open.pop_back();
        if (isSeen[next])
            continue;
        isSeen[next] = true;
        const ProgramStep& found = builder[next];
        if (isInput(found, PairInput::Globals))
            return true;
        open.insert(open.end(), found.operands.begin(), found.operands.end());
    }
    return false;
}

/** Get the step with the numbers of a tabulated function. They are a weight, so that an update can change them. */
int ExpressionLowering::numbersOf(const string& name, const vector<double>& values) {
    auto [position, isNew] = numbers.insert({name, 0});
    if (isNew)
        position->second = builder.add(Operation::Weight, {}, {}, values);
    return position->second;
}

/** Get 1 if low <= argument <= high, else 0. */
int ExpressionLowering::isWithin(int argument, double low, double high) {
    return binary(Operation::Mul, binary(Operation::LessEqual, literal(low), argument),
            binary(Operation::LessEqual, argument, literal(high)));
}

/** Replace an argument that is outside by a value inside, so that the polynomial is finite where it is not used. */
int ExpressionLowering::moveInside(int argument, int within, double inside) {
    return add(Operation::Select, {within, argument, literal(inside)});
}

/** Move an argument of a periodic function into its period. */
int ExpressionLowering::wrap(int argument, double low, double high) {
    int fraction = binary(Operation::Div, binary(Operation::Sub, argument, literal(low)), literal(high - low));
    fraction = binary(Operation::Sub, fraction, unary(Operation::Floor, fraction));
    return binary(Operation::Add, literal(low), binary(Operation::Mul, literal(high - low), fraction));
}

int ExpressionLowering::lowerContinuous1D(
        const OpenMM::Continuous1DFunction& function, const string& name, int argument) {
    vector<double> values, second;
    double low, high;
    function.getFunctionParameters(values, low, high);
    vector<double> knots = makeKnots(values.size(), low, high);
    SplineFitter::createSpline(knots, values, function.getPeriodic(), second);
    // A cubic spline is the cubic Hermite curve with the slopes that the spline has at its knots.
    vector<double> slopes;
    for (double knot : knots)
        slopes.push_back(SplineFitter::evaluateSplineDerivative(knots, values, second, knot));
    // The derivative of the energy by a global parameter may contain the slope of the spline, and its force the second
    // derivative, which a table does not have.
    if (readsGlobals(argument)) {
        const double width = knots[1] - knots[0];
        vector<vector<double>> coefficients;
        for (size_t i = 0; i + 1 < knots.size(); i++) {
            double change = values[i + 1] - values[i], first = width * slopes[i], last = width * slopes[i + 1];
            coefficients.push_back({values[i], first, 3 * change - 2 * first - last, first + last - 2 * change});
        }
        return lowerPatches(coefficients, {knots}, function.getPeriodic(), name + " (patches)", {argument});
    }
    vector<double> data = {low, high};
    for (size_t i = 0; i < knots.size(); i++)
        data.insert(data.end(), {values[i], slopes[i]});
    auto evaluate = [&](int x) { return add(Operation::Table, {x, numbersOf(name, data)}, {(int) knots.size()}); };
    if (function.getPeriodic())
        return evaluate(wrap(argument, low, high));
    int within = isWithin(argument, low, high);
    return add(Operation::Select, {within, evaluate(moveInside(argument, within, low)), literal(0)});
}

/**
 * Add the steps of a bicubic or tricubic spline: the polynomial of the patch that holds the arguments. The coefficients
 * of a patch are those of the products of the powers of the arguments, of which each patch counts from 0 to 1.
 */
int ExpressionLowering::lowerPatches(const vector<vector<double>>& coefficients, const vector<vector<double>>& knots,
        bool periodic, const string& name, const vector<int>& arguments) {
    int patch = -1, powers = -1, within = -1, stride = 1;
    for (size_t d = 0; d < arguments.size(); d++) {
        double low = knots[d].front(), high = knots[d].back();
        int numPatches = knots[d].size() - 1;
        int isInside = isWithin(arguments[d], low, high);
        within = (d == 0 ? isInside : binary(Operation::Mul, within, isInside));
        int x = (periodic ? wrap(arguments[d], low, high) : moveInside(arguments[d], isInside, low));
        int position =
                binary(Operation::Div, binary(Operation::Sub, x, literal(low)), literal((high - low) / numPatches));
        int index = unary(Operation::Floor, position);
        index = binary(Operation::Minimum, binary(Operation::Maximum, index, literal(0)), literal(numPatches - 1));
        int t = binary(Operation::Sub, position, index);
        int first = binary(Operation::Mul, literal(stride), index);
        patch = (d == 0 ? first : binary(Operation::Add, patch, first));
        stride *= numPatches;
        int newPowers = add(Operation::Concat, {literal(1), t, power(t, 2), power(t, 3)});
        if (d == 0) {
            powers = newPowers;
            continue;
        }
        // The outer product of the powers so far and the new ones.
        int size = builder[powers].size;
        bool isBicubic = (arguments.size() == 2);
        vector<int> old, now;
        for (int i = 0; i < 4 * size; i++) {
            old.push_back(isBicubic ? i / 4 : i % size);
            now.push_back(isBicubic ? i % 4 : i / size);
        }
        powers =
                binary(Operation::Mul, add(Operation::Gather, {powers}, old), add(Operation::Gather, {newPowers}, now));
    }
    requireExactIndices(coefficients.size(), name);
    vector<double> all;
    for (auto& patchCoefficients : coefficients)
        all.insert(all.end(), patchCoefficients.begin(), patchCoefficients.end());
    int width = builder[powers].size;
    int chosen = add(Operation::Lookup, {patch, numbersOf(name, all)}, {width});
    int value = add(Operation::Sum, {binary(Operation::Mul, chosen, powers)}, {1, width, 1});
    return periodic ? value : add(Operation::Select, {within, value, literal(0)});
}

int ExpressionLowering::lowerContinuous2D(
        const OpenMM::Continuous2DFunction& function, const string& name, const vector<int>& arguments) {
    int sizes[2];
    double low[2], high[2];
    vector<double> values;
    function.getFunctionParameters(sizes[0], sizes[1], values, low[0], high[0], low[1], high[1]);
    vector<vector<double>> knots, coefficients;
    for (int d = 0; d < 2; d++)
        knots.push_back(makeKnots(sizes[d], low[d], high[d]));
    SplineFitter::create2DSpline(knots[0], knots[1], values, function.getPeriodic(), coefficients);
    return lowerPatches(coefficients, knots, function.getPeriodic(), name, arguments);
}

int ExpressionLowering::lowerContinuous3D(
        const OpenMM::Continuous3DFunction& function, const string& name, const vector<int>& arguments) {
    int sizes[3];
    double low[3], high[3];
    vector<double> values;
    function.getFunctionParameters(
            sizes[0], sizes[1], sizes[2], values, low[0], high[0], low[1], high[1], low[2], high[2]);
    vector<vector<double>> knots, coefficients;
    for (int d = 0; d < 3; d++)
        knots.push_back(makeKnots(sizes[d], low[d], high[d]));
    if (function.getPeriodic())
        requirePeriodicValues(values, sizes, name); // SplineFitter would end the process: it throws in a worker thread
    SplineFitter::create3DSpline(knots[0], knots[1], knots[2], values, function.getPeriodic(), coefficients);
    return lowerPatches(coefficients, knots, function.getPeriodic(), name, arguments);
}

int ExpressionLowering::lowerDiscrete(
        const vector<double>& values, const vector<int>& sizes, const string& name, const vector<int>& arguments) {
    requireExactIndices(values.size(), name);
    int index = -1, stride = 1;
    for (size_t d = 0; d < arguments.size(); d++) {
        int rounded = unary(Operation::Floor, binary(Operation::Add, arguments[d], literal(0.5)));
        outside.push_back(binary(Operation::Sub, literal(1), isWithin(rounded, 0, sizes[d] - 1)));
        int clamped =
                binary(Operation::Minimum, binary(Operation::Maximum, rounded, literal(0)), literal(sizes[d] - 1));
        int part = binary(Operation::Mul, literal(stride), clamped);
        index = (d == 0 ? part : binary(Operation::Add, index, part));
        stride *= sizes[d];
    }
    return add(Operation::Lookup, {index, numbersOf(name, values)}, {1});
}

int ExpressionLowering::lowerFunction(const string& name, const vector<int>& arguments) {
    using namespace OpenMM;
    const TabulatedFunction* function = functions.at(name);
    vector<double> values;
    if (auto* typed = dynamic_cast<const Continuous1DFunction*>(function))
        return lowerContinuous1D(*typed, name, arguments[0]);
    if (auto* typed = dynamic_cast<const Continuous2DFunction*>(function))
        return lowerContinuous2D(*typed, name, arguments);
    if (auto* typed = dynamic_cast<const Continuous3DFunction*>(function))
        return lowerContinuous3D(*typed, name, arguments);
    if (auto* typed = dynamic_cast<const Discrete1DFunction*>(function)) {
        typed->getFunctionParameters(values);
        return lowerDiscrete(values, {(int) values.size()}, name, arguments);
    }
    int size[3];
    if (auto* typed = dynamic_cast<const Discrete2DFunction*>(function)) {
        typed->getFunctionParameters(size[0], size[1], values);
        return lowerDiscrete(values, {size[0], size[1]}, name, arguments);
    }
    if (auto* typed = dynamic_cast<const Discrete3DFunction*>(function)) {
        typed->getFunctionParameters(size[0], size[1], size[2], values);
        return lowerDiscrete(values, {size[0], size[1], size[2]}, name, arguments);
    }
    throw OpenMMException("the tabulated function \"" + name + "\" is of a class that is not supported");
}

int ExpressionLowering::countIndicesOutside() {
    int sum = literal(0);
    for (int step : outside)
        sum = binary(Operation::Add, sum, step);
    return sum;
}
