// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
//
// Bindings of PairProgram, and of TensorProgram with its passes. The passes are bound one by one for tests.

#include "programs.h"
#include "arrays.h"
#include "internal/describeProgram.h"
#include "internal/PairEvaluator.h"
#include "internal/passes.h"
#include "internal/ProgramCost.h"
#include "internal/ProgramInterpreter.h"
#include "internal/require.h"
#include "internal/slopes.h"
#include "internal/Stage.h"
#include "internal/StagedProgram.h"
#include "PairProgram.h"
#include "parameters.h"
#include "ProgramPrinter.h"
#include "TensorCorePlan.h"
#include "TensorCorePrinter.h"
#include <pybind11/stl.h>

namespace py = pybind11;
using namespace LearnedPairPlugin;
using std::pair;
using std::string;
using std::vector;

/** Get the slot of an input with respect to which programs can be differentiated. */
static int inputNamed(const string& name) {
    for (int slot : {PairInput::Distance, PairInput::Globals})
        if (name == ProgramSignature::forPairs().getInputs()[slot].name)
            return slot;
    throw py::value_error("TensorProgram: a derivative with respect to '" + name +
            "' is not supported; expected 'distance' or 'globals'.");
}

/**
 * Evaluate a program for many pairs.
 *
 * @param inputs  the inputs by name: for each pair arrays of shape (n_pairs, length), globals of shape (length,)
 * @return for each output an array of shape (n_pairs, length)
 */
static py::list evaluateProgram(const TensorProgram& program, const std::map<string, Doubles>& inputs) {
    const vector<ProgramInput>& signature = program.getSignature().getInputs();
    ProgramInterpreter<double, 1> interpreter(program);
    py::ssize_t numPairs = 1;
    for (size_t slot = 0; slot < signature.size(); slot++) {
        const string& name = signature[slot].name;
        bool isGlobal = (signature[slot].level == InputLevel::Global);
        int size = program.getInputSize(slot);
        if (size == 0)
            continue;
        auto position = inputs.find(name);
        if (position == inputs.end() || position->second.size() == 0 || position->second.size() % size != 0 ||
                (isGlobal && position->second.size() != size))
            throw py::value_error("TensorProgram: the input '" + name + "' needs " + std::to_string(size) + " numbers" +
                    (isGlobal ? "." : " for each pair."));
        if (!isGlobal)
            numPairs = position->second.size() / size;
    }
    vector<py::array_t<double>> results;
    for (int output : program.getOutputs())
        results.emplace_back(vector<py::ssize_t>{numPairs, program.getSteps()[output].size});
    for (py::ssize_t pair = 0; pair < numPairs; pair++) {
        for (size_t slot = 0; slot < signature.size(); slot++)
            if (double* target = interpreter.getInput(slot)) {
                const Doubles& source = inputs.at(signature[slot].name);
                bool isGlobal = (signature[slot].level == InputLevel::Global);
                int size = program.getInputSize(slot);
                if (!isGlobal && source.size() != numPairs * size)
                    throw py::value_error("TensorProgram: the input '" + signature[slot].name +
                            "' is given for another number of pairs than others.");
                std::copy_n(source.data() + (isGlobal ? 0 : pair * size), size, target);
            }
        interpreter.run();
        for (size_t k = 0; k < results.size(); k++)
            for (py::ssize_t i = 0; i < results[k].shape(1); i++)
                *results[k].mutable_data(pair, i) = interpreter.getOutput(k, i, 0);
    }
    py::list list;
    for (auto& result : results)
        list.append(result);
    return list;
}

/** Require that the slopes of all curves in the tables of a program match the energies. Layout: docs/program.md. */
static void requireSlopesOfTables(const TensorProgram& program) {
    auto& steps = program.getSteps();
    for (size_t i = 0; i < steps.size(); i++)
        if (steps[i].operation == Operation::Table) {
            const vector<double>& data = steps[steps[i].operands[1]].constants;
            int numKnots = steps[i].integers[0], numCurves = steps[i].size;
            for (int curve = 0; curve < numCurves; curve++) {
                vector<double> energies, slopes;
                for (int knot = 0; knot < numKnots; knot++) {
                    energies.push_back(data[2 + 2 * numCurves * knot + curve]);
                    slopes.push_back(data[2 + 2 * numCurves * knot + numCurves + curve]);
                }
                requireSlopesOfEnergies(
                        "PairProgram: curve " + std::to_string(curve) + " of the table in step " + std::to_string(i),
                        energies, slopes, (data[1] - data[0]) / (numKnots - 1));
            }
        }
}

/** Make features from their number, or from a dict of names with a range (low, high) or None for each. */
static vector<ParticleFeature> toFeatures(int numFeatures, const py::object& named) {
    vector<ParticleFeature> features;
    if (named.is_none()) {
        for (int i = 0; i < numFeatures; i++)
            features.push_back({std::to_string(i), {}});
        return features;
    }
    for (auto item : py::cast<py::dict>(named)) {
        ValueRange range;
        if (!item.second.is_none()) {
            auto ends = py::cast<pair<double, double>>(item.second);
            range = {ends.first, ends.second};
        }
        features.push_back({py::cast<string>(item.first), range});
    }
    require(numFeatures == 0 || numFeatures == (int) features.size(), "PairProgram: num_features is ", numFeatures,
            ", and ", features.size(), " features are named; give one of the two.");
    return features;
}

static std::shared_ptr<PairProgram> createPairProgram(const string& text, const Doubles& weights, int numTypes,
        int numFeatures, const py::object& minDistance, const py::dict& globals, const py::object& features) {
    TensorProgram program(text, toVector<double>(weights));
    requireSlopesOfTables(program);
    return std::make_shared<PairProgram>(program, numTypes, toFeatures(numFeatures, features),
            py::cast<double>(inNanometers(minDistance)), toParameters("PairProgram", globals));
}

static py::dict getFeatures(const PairProgram& function) {
    py::dict result;
    for (auto& feature : function.getFeatures())
        result[py::str(feature.name)] = py::make_tuple(feature.range.low, feature.range.high);
    return result;
}

static bool isTyped(const PairProgram& function) {
    return function.getParticleInput() == ParticleInput::Types;
}

static ParticleInput toParticleInput(bool typed) {
    return typed ? ParticleInput::Types : ParticleInput::Features;
}

static string summarize(const PairProgram& function) {
    int number = (isTyped(function) ? function.getNumTypes() : function.getNumFeatures());
    string text = "<PairProgram of " + std::to_string(number) + (isTyped(function) ? " type" : " feature") +
            (number == 1 ? "" : "s");
    for (auto& parameter : function.getGlobalParameters())
        text += ", " + parameter.name;
    return text + ": " + std::to_string(function.getProgram().getSteps().size()) + " steps, " +
            std::to_string(function.getProgram().getWeights().size()) + " weights>";
}

/** Get pointers to the rows of an array of shape (n_pairs,) or (n_pairs, width), one row for each pair. */
static vector<const double*> rowsOf(const Doubles& particles, py::ssize_t numPairs, int width) {
    if (particles.size() != numPairs * width)
        throw py::value_error("PairProgram: expected " + std::to_string(width) + (width == 1 ? " number" : " numbers") +
                " for each particle of " + std::to_string(numPairs) + " pairs.");
    vector<const double*> rows;
    for (py::ssize_t i = 0; i < numPairs; i++)
        rows.push_back(particles.data() + i * width);
    return rows;
}

static PairValues evaluatePairs(PairEvaluator& evaluator, std::shared_ptr<const PairProgram> function,
        const py::object& distances, const Doubles& particle1, const Doubles& particle2,
        const vector<double>& globals) {
    auto r = py::cast<Doubles>(inNanometers(distances));
    int width = (isTyped(*function) ? 1 : function->getNumFeatures());
    auto rows1 = rowsOf(particle1, r.size(), width), rows2 = rowsOf(particle2, r.size(), width);
    for (py::ssize_t i = 0; i < r.size(); i++)
        if (isTyped(*function))
            for (double type : {*rows1[i], *rows2[i]})
                if (!(type >= 0 && type < function->getNumTypes()) || type != (int) type)
                    throw py::value_error("PairProgram: " + std::to_string(type) + " is not a type; there are " +
                            std::to_string(function->getNumTypes()) + ".");
    return evaluator.evaluate(toVector<double>(r), rows1, rows2, globals);
}

static void bindTensorProgram(py::module_& m) {
    py::class_<TensorProgram, std::shared_ptr<TensorProgram>>(
            m, "TensorProgram", R"(A straight-line program on small vectors, as specified in docs/program.md.

Programs are immutable; every pass returns a new program. The text of the result depends on the text of the program
only, never on its weights. Unless noted otherwise, the outputs of the result are bit-identical.

Parameters
----------
text : str
    The steps and the outputs.
weights : ndarray, shape (n_weights,)
    The elements of all weights, in the order of the steps.
of_atoms : bool
    Whether the inputs are those of an EnvironmentFunction, and not those of a PairProgram.

Raises
------
openmm.OpenMMException
    If the text is not a valid program, naming the step, or the number of weights is wrong.

Examples
--------
>>> from learnedpair import _core
>>> program = _core.TensorProgram(
...     """v0[1] = distance
...     v1[1] = neg v0
...     v2[1] = exp v1
...     output v2"""
... )
>>> program.stages(typed=True)
['radial', 'radial', 'radial'])")
            .def(py::init([](const string& text, const Doubles& weights, bool ofAtoms) {
                return std::make_shared<TensorProgram>(text, toVector<double>(weights),
                        ofAtoms ? ProgramSignature::forAtoms() : ProgramSignature::forPairs());
            }),
                    py::arg("text"), py::arg("weights") = Doubles(0), py::arg("of_atoms") = false)
            .def_property_readonly("text", &TensorProgram::getText, "The steps and the outputs, without the weights.")
            .def_property_readonly(
                    "weights", [](const TensorProgram& program) { return toArray(program.getWeights()); },
                    "The elements of all weights, in the order of the steps.")
            .def_property_readonly(
                    "num_outputs", [](const TensorProgram& program) { return program.getOutputs().size(); },
                    "The number of outputs.")
            .def(
                    "evaluate",
                    [](const TensorProgram& program, const py::kwargs& inputs) {
                        return evaluateProgram(program, py::cast<std::map<string, Doubles>>(inputs));
                    },
                    R"(Evaluate the program for many pairs, in double precision.

Parameters
----------
**inputs : ndarray
    Each input that the program reads, by its name in the text, such as ``distance=r``. Shape (n_pairs, length) or, for
    ``globals``, (length,).

Returns
-------
list of ndarray, shape (n_pairs, length)
    The outputs.

Raises
------
ValueError
    If an input is missing, or its size is wrong.

Examples
--------
>>> from learnedpair import _core
>>> program = _core.TensorProgram("v0[1] = distance\nv1[1] = exp v0\noutput v1")
>>> (output,) = program.evaluate(distance=[0.0, 1.0])
>>> output.round(3).tolist()
[[1.0], [2.718]])")
            .def("fold_constants", &foldConstants,
                    "Evaluate steps whose operands are all constant. The result is a weight if any operand is.")
            .def("simplify", &simplify,
                    "Apply identities that are exact in floating point, such as x - y for x + (-y).")
            .def("share_subexpressions", &shareSubexpressions,
                    "Compute equal steps only once (common subexpression elimination). Weights never count as equal.")
            .def("remove_dead_code", &removeDeadCode, "Remove steps that no output depends on.")
            .def(
                    "split_linear_layers",
                    [](const TensorProgram& program, bool typed) {
                        return splitLinearLayers(program, toParticleInput(typed));
                    },
                    py::arg("typed"),
                    R"(Split products W x if x combines values of different stages.

If x is a concatenation, a sum or a difference, W x becomes the sum of the products for its parts, each of which is then
computed in the stage of its part. Outputs change by rounding.

Parameters
----------
typed : bool
    Whether particles have types; false if they have features.)")
            .def(
                    "regroup_sums",
                    [](const TensorProgram& program, bool typed) {
                        return regroupSums(program, toParticleInput(typed));
                    },
                    py::arg("typed"),
                    R"(Regroup sums, so that terms of the same stage are added first. Outputs change by rounding.

Parameters
----------
typed : bool
    Whether particles have types; false if they have features.)")
            .def(
                    "optimize",
                    [](const TensorProgram& program, bool typed) { return optimize(program, toParticleInput(typed)); },
                    py::arg("typed"),
                    R"(Apply all passes until the program no longer changes. Outputs change by rounding.

The passes are share_subexpressions, fold_constants, simplify, split_linear_layers, regroup_sums and remove_dead_code.

Parameters
----------
typed : bool
    Whether particles have types; false if they have features.

Examples
--------
A factor of 2 that is computed from two numbers becomes one literal:

>>> from learnedpair import _core
>>> program = _core.TensorProgram(
...     """v0[1] = distance
...     v1[1] = literal 1
...     v2[1] = add v1 v1
...     v3[1] = mul v2 v0
...     output v3"""
... )
>>> print(program.optimize(typed=True).text, end="")
v0[1] = distance
v1[1] = literal 2
v2[1] = mul v1 v0
output v2)")
            .def(
                    "differentiate",
                    [](const TensorProgram& program, const string& input, int element, int numOutputs) {
                        return differentiate(program, inputNamed(input), element, numOutputs);
                    },
                    py::arg("input"), py::arg("element"), py::arg("num_outputs"),
                    R"(Append derivatives of outputs, by forward-mode differentiation.

Parameters
----------
input : {"distance", "globals"}
    The input that contains the variable.
element : int
    The index of the variable in the input.
num_outputs : int
    How many outputs to differentiate, starting with the first.

Returns
-------
TensorProgram
    Its outputs are those of this program, followed by the derivatives.

Raises
------
ValueError
    If the program cannot be differentiated with respect to this input.
openmm.OpenMMException
    If the program has an operation without a derivative rule.

References
----------
Griewank and Walther, Evaluating Derivatives, ch. 3.

Examples
--------
The second output is the derivative of r^2 with respect to r:

>>> from learnedpair import _core
>>> square = _core.TensorProgram("v0[1] = distance\nv1[1] = mul v0 v0\noutput v1")
>>> with_derivative = square.differentiate("distance", element=0, num_outputs=1)
>>> [output.tolist() for output in with_derivative.evaluate(distance=[3.0])]
[[[9.0]], [[6.0]]])")
            .def(
                    "append_gradient",
                    [](const TensorProgram& program, const string& input) {
                        const int slot = program.getSignature().findInput(input);
                        if (slot < 0)
                            throw py::value_error("TensorProgram: there is no input '" + input + "'.");
                        return appendGradient(program, slot);
                    },
                    py::arg("input"),
                    R"(Append the gradient of the first output by an input, by reverse-mode differentiation.

Parameters
----------
input : str
    The name of the input, which the program must read.

Returns
-------
TensorProgram
    Its outputs are those of this program, followed by the gradient, which has the length of the input.

Raises
------
ValueError
    If there is no such input.
openmm.OpenMMException
    If the first output is not a number, or the program has an operation without a derivative rule.

References
----------
Griewank and Walther, Evaluating Derivatives, ch. 3.

Examples
--------
>>> from learnedpair import _core
>>> text = "v0[2] = densities\nv1[2] = mul v0 v0\nv2[1] = sum v1 {1 2 1}\noutput v2"
>>> program = _core.TensorProgram(text, of_atoms=True)
>>> [output.tolist() for output in program.append_gradient("densities").evaluate(densities=[[3.0, 4.0]])]
[[[25.0]], [[6.0, 8.0]]])")
            .def(
                    "tabulate_radial",
                    [](const TensorProgram& program, bool typed, double minDistance, double maxDistance, int numKnots) {
                        return tabulateRadial(program, toParticleInput(typed), minDistance, maxDistance, numKnots);
                    },
                    py::arg("typed"), py::arg("min_distance"), py::arg("max_distance"), py::arg("num_knots"),
                    R"(Replace values that depend on r alone by one table of cubic Hermite curves.

Replaced are the values of the radial stage that steps of the pair stage use, except values of length 1, values that
depend on global parameters, and whole numbers. Outputs change by the interpolation error.

Parameters
----------
typed : bool
    Whether particles have types; false if they have features.
min_distance, max_distance : float, nm
    The distances of the first and the last knot.
num_knots : int
    The number of knots of each curve.

Returns
-------
TensorProgram
    This program unchanged if there is nothing to replace.)")
            .def(
                    "stages",
                    [](const TensorProgram& program, bool typed) {
                        vector<string> names;
                        for (Stage stage : findStages(program, toParticleInput(typed)))
                            names.push_back(getName(stage));
                        return names;
                    },
                    py::arg("typed"),
                    R"(Get the stage of each step, which says what the step depends on and how often it is computed.

Parameters
----------
typed : bool
    Whether particles have types; false if they have features.

Returns
-------
list of str
    For each step "constant", "global", "particle", "pair of types", "radial" or "pair".)");
}

static py::object copyOf(const TensorProgram* program) {
    return program == nullptr ? py::object(py::none()) : py::cast(*program);
}

void LearnedPairPlugin::bindPrograms(py::module_& m) {
    bindTensorProgram(m);
    py::class_<PairProgram, LearnedFunction, std::shared_ptr<PairProgram>>(m, "PairProgram",
            R"(A pair function as a program: for models with features or global parameters, and for networks that are
evaluated exactly rather than tabulated.

Parameters
----------
text : str
    The program, as specified in docs/program.md. Its inputs are the distance in nm, the types or features of the two
    particles, and the global parameters. Its output is the energy in kJ/mol.
weights : ndarray, shape (n_weights,)
    The elements of all weights, in the order of the steps.
num_types, num_features : int
    Either the number of particle types or the number of features of a particle; the other one is 0.
features : dict of str to ((float, float) or None), or None
    Replaces num_features. The name of each feature and its range, or None for a feature without a range. Features
    outside of their range are rejected. Units are those that the program expects.
min_distance : float, nm, or Quantity
    The shortest distance for which the function is defined.
global_parameters : dict of str to (float or (float, float, float))
    The name of each global parameter with its default value or (default, low, high), in the order of the elements of
    the program's input ``globals``. A Context raises an exception if the value is outside of low to high.
    Units are those that the program expects.

Raises
------
openmm.OpenMMException
    If the text is not a valid program, naming the step; if its inputs or outputs are not as described; or if a name or
    a number is invalid.

Examples
--------
The screened Coulomb energy of two charges in e, with the inverse screening length kappa in 1/nm. Programs are usually
made from a model, by :meth:`PairModel.create_force`.

>>> import learnedpair as lp
>>> screened_coulomb = """v0[1] = distance
... v1[1] = particle1
... v2[1] = particle2
... v3[1] = globals
... v4[1] = mul v3 v0
... v5[1] = neg v4
... v6[1] = exp v5
... v7[1] = mul v1 v2
... v8[1] = mul v7 v6
... v9[1] = div v8 v0
... v10[1] = literal 138.935
... v11[1] = mul v9 v10
... output v11"""
>>> program = lp.PairProgram(
...     screened_coulomb,
...     weights=[],
...     features={"charge": (-2.0, 2.0)},
...     min_distance=0.1,
...     global_parameters={"kappa": (3.0, 1.0, 5.0)},
... )
>>> program.feature_ranges, program.global_parameters
({'charge': (-2.0, 2.0)}, {'kappa': 3.0}))")
            .def(py::init(&createPairProgram), py::arg("text"), py::arg("weights"), py::arg("num_types") = 0,
                    py::arg("num_features") = 0, py::arg("min_distance") = 0.05,
                    py::arg("global_parameters") = py::dict(), py::arg("features") = py::none())
            .def("__repr__", &summarize)
            .def_property_readonly(
                    "text", [](const PairProgram& function) { return function.getProgram().getText(); },
                    "The text of the program, without its weights.")
            .def_property_readonly(
                    "weights", [](const PairProgram& function) { return toArray(function.getProgram().getWeights()); },
                    "The elements of all weights, in the order of the steps.")
            .def_property_readonly(
                    "has_table", [](const PairProgram& function) { return std::isfinite(function.getMaxDistance()); },
                    "Whether part of the program is a table in the distance, so that max_distance is finite.")
            .def_property_readonly(
                    "multiply_adds",
                    [](const PairProgram& function) {
                        return ProgramCost(StagedProgram(function).getPairPart()).multiplyAdds;
                    },
                    "The number of multiply-adds in linear steps and tables for energy and force of one pair. Stages"
                    " that are not evaluated for every pair are not counted.")
            .def_property_readonly("feature_ranges", &getFeatures,
                    "The range (low, high) of each feature by name. An end without a limit is infinite.")
            .def_property_readonly(
                    "global_parameters", &getGlobalParameters, "The default value of each global parameter by name.")
            .def_property_readonly("global_parameter_ranges", &getGlobalRanges,
                    "The range (low, high) of each global parameter by name. An end without a limit is infinite.")
            .def(
                    "evaluate",
                    [](std::shared_ptr<PairProgram> function, const py::object& r, const Doubles& particle1,
                            const Doubles& particle2, const py::kwargs& globals) {
                        PairValues values = evaluatePairs(*PairEvaluator::create(function), function, r, particle1,
                                particle2, globalValues("PairProgram", *function, globals));
                        return py::make_tuple(toArray(values.energy), toArray(values.dEdR));
                    },
                    py::arg("r"), py::arg("particle1"), py::arg("particle2"),
                    R"(Evaluate the program for many pairs, in double precision.

Parameters
----------
r : ndarray, shape (n,), nm, or Quantity
    The distance of each pair.
particle1, particle2 : ndarray, shape (n,) for types or (n, num_features) for features
    The types or features of the two particles of each pair.
**globals : float
    Values of global parameters by name, in the units that the program expects. Others have their default values.

Returns
-------
energy : ndarray, shape (n,), kJ/mol
dEdR : ndarray, shape (n,), kJ/mol/nm

Raises
------
ValueError
    If an array has the wrong size, or a type is invalid.
TypeError
    If there is no global parameter of a given name.

Examples
--------
The screened Coulomb energy of two charges:

>>> import learnedpair as lp
>>> screened_coulomb = """v0[1] = distance
... v1[1] = particle1
... v2[1] = particle2
... v3[1] = globals
... v4[1] = mul v3 v0
... v5[1] = neg v4
... v6[1] = exp v5
... v7[1] = mul v1 v2
... v8[1] = mul v7 v6
... v9[1] = div v8 v0
... v10[1] = literal 138.935
... v11[1] = mul v9 v10
... output v11"""
>>> program = lp.PairProgram(screened_coulomb, [], num_features=1, global_parameters={"kappa": 3.0})
>>> energy, dEdR = program.evaluate([0.5, 1.0], [[1.0], [1.0]], [[-1.0], [-1.0]], kappa=0.0)
>>> energy.round(1).tolist(), dEdR.round(1).tolist()
([-277.9, -138.9], [555.7, 138.9]))")
            .def(
                    "evaluate_in_single_precision",
                    [](std::shared_ptr<PairProgram> function, const py::object& r, const Doubles& particle1,
                            const Doubles& particle2, const py::kwargs& globals) {
                        PairValues values = evaluatePairs(*PairEvaluator::createInSinglePrecision(function), function,
                                r, particle1, particle2, globalValues("PairProgram", *function, globals));
                        return py::make_tuple(toArray(values.energy), toArray(values.dEdR));
                    },
                    py::arg("r"), py::arg("particle1"), py::arg("particle2"),
                    "Like evaluate(), but with the pair part in single precision and the other parts in double"
                    " precision, as platforms with single precision compute them.")
            .def(
                    "evaluate_derivatives",
                    [](std::shared_ptr<PairProgram> function, const py::object& r, const Doubles& particle1,
                            const Doubles& particle2, const py::kwargs& globals) {
                        vector<int> all;
                        for (size_t i = 0; i < function->getGlobalParameters().size(); i++)
                            all.push_back(i);
                        PairValues values = evaluatePairs(*PairEvaluator::create(function, all), function, r, particle1,
                                particle2, globalValues("PairProgram", *function, globals));
                        py::dict result;
                        for (int i : all)
                            result[py::str(function->getGlobalParameters()[i].name)] =
                                    py::make_tuple(toArray(values.dEdG[i]), toArray(values.d2EdRdG[i]));
                        return result;
                    },
                    py::arg("r"), py::arg("particle1"), py::arg("particle2"),
                    R"(Compute the derivatives of energy and dE/dr with respect to each global parameter.

Parameters
----------
r, particle1, particle2, **globals
    As for evaluate().

Returns
-------
dict of str to (ndarray, ndarray)
    For each parameter g, (dEdG, d2EdRdG): dE/dg and d2E/drdg, each of shape (n,).

Examples
--------
The derivative of the screened Coulomb energy of two charges with respect to kappa is -r times the energy:

>>> import learnedpair as lp
>>> screened_coulomb = """v0[1] = distance
... v1[1] = particle1
... v2[1] = particle2
... v3[1] = globals
... v4[1] = mul v3 v0
... v5[1] = neg v4
... v6[1] = exp v5
... v7[1] = mul v1 v2
... v8[1] = mul v7 v6
... v9[1] = div v8 v0
... v10[1] = literal 138.935
... v11[1] = mul v9 v10
... output v11"""
>>> program = lp.PairProgram(screened_coulomb, [], num_features=1, global_parameters={"kappa": 3.0})
>>> dEdG, d2EdRdG = program.evaluate_derivatives([0.5], [[1.0]], [[-1.0]])["kappa"]
>>> dEdG.round(1).tolist()
[31.0])")
            .def(
                    "tabulate_radial",
                    [](const PairProgram& function, double maxDistance, int numKnots) {
                        TensorProgram program =
                                tabulateRadial(optimize(function.getProgram(), function.getParticleInput()),
                                        function.getParticleInput(), function.getMinDistance(), maxDistance, numKnots);
                        return std::make_shared<PairProgram>(program, function.getNumTypes(), function.getFeatures(),
                                function.getMinDistance(), function.getGlobalParameters());
                    },
                    py::arg("max_distance"), py::arg("num_knots"),
                    R"(Optimize the program, and replace the values that depend on r alone by a table.

Parameters
----------
max_distance : float, nm
    The distance of the last knot. The first knot is at min_distance.
num_knots : int
    The number of knots of each curve.

Returns
-------
PairProgram

Examples
--------
>>> import learnedpair as lp
>>> network = lp.nn.TypedPairNetwork(num_types=2, cutoff=0.7, inner=0.15)
>>> model = lp.load_model(network, types=["O", "H"], cutoff=0.7, inner_cutoff=0.15)
>>> program = model.create_force(["O", "H", "H"], representation="program").getFunction()
>>> tabulated = program.tabulate_radial(max_distance=0.7, num_knots=1000)
>>> program.has_table, tabulated.has_table
(False, True)
>>> tabulated.multiply_adds < program.multiply_adds
True)")
            .def("describe", &describeProgram,
                    "Get the optimized program as text for people, with the stage of each step and the cost of each"
                    " part (str).")
            .def(
                    "source",
                    [](const PairProgram& function, bool doublePrecision, bool unroll) {
                        return ProgramPrinter(StagedProgram(function).getPairPart()).print({doublePrecision, unroll});
                    },
                    py::arg("double_precision") = false, py::arg("unroll") = false,
                    "Get the source that GPUs compile for the energy and force of one pair (str).")
            .def(
                    "tensor_core_source",
                    [](const PairProgram& function) {
                        StagedProgram staged(function);
                        TensorCorePlan plan(staged.getPairPart());
                        if (!plan.whyUnsupported().empty())
                            throw py::value_error("PairProgram: it cannot be evaluated on tensor cores: " +
                                    plan.whyUnsupported() + ".");
                        return TensorCorePrinter(staged.getPairPart(), plan).print();
                    },
                    R"(Get the source that GPUs with tensor cores compile for the energy and force of 16 pairs (str).

Raises
------
ValueError
    If the program cannot be evaluated on tensor cores. The message gives the reason.)")
            .def(
                    "stages",
                    [](const PairProgram& function, const vector<int>& derivatives) {
                        StagedProgram staged(function, derivatives);
                        py::dict parts;
                        parts["global"] = copyOf(staged.find(PartLevel::Global));
                        parts["particle"] = copyOf(staged.find(PartLevel::Particle));
                        parts["pair of types"] = copyOf(staged.find(PartLevel::TypePair));
                        parts["pair"] = copyOf(&staged.getPairPart());
                        return parts;
                    },
                    py::arg("derivatives") = vector<int>(),
                    R"(Get the parts of the staged program, which platforms evaluate.

Parameters
----------
derivatives : list of int
    The indices of the global parameters for which derivatives are computed.

Returns
-------
dict of str to (TensorProgram or None)
    The programs of the parts "global", "particle", "pair of types" and "pair"; None for a part without steps.)");
}
