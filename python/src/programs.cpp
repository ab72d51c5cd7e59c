// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
//
// Programs for Python: TensorProgram with its passes, which the tests go through one by one, and PairProgram.

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
#include "ProgramPrinter.h"
#include "TensorCorePlan.h"
#include "TensorCorePrinter.h"
#include <pybind11/stl.h>

namespace py = pybind11;
using namespace LearnedPairPlugin;
using std::pair;
using std::string;
using std::vector;

static int inputNamed(const string& name) {
    for (int slot : {PairInput::Distance, PairInput::Globals})
        if (name == ProgramSignature::forPairs().getInputs()[slot].name)
            return slot;
    throw py::value_error(
            "TensorProgram: no derivative is made with respect to '" + name + "'; expected 'distance' or 'globals'.");
}

/** Run a program for pairs, each with its own inputs: arrays of shape (n_pairs, length), globals of shape (length,). */
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

/** A global parameter from its default value, or from that and the ends of its range. */
static GlobalParameter toParameter(const string& name, const py::handle& value) {
    if (!py::isinstance<py::tuple>(value) && !py::isinstance<py::list>(value))
        return {name, py::cast<double>(value), {}};
    auto numbers = py::cast<vector<double>>(value);
    require(numbers.size() == 3, "PairProgram: the global parameter \"", name, "\" has ", numbers.size(),
            " numbers; expected its default value, or (default, low, high).");
    return {name, numbers[0], {numbers[1], numbers[2]}};
}

/** Check each curve of the tables in a program: docs/program.md says how their numbers are stored. */
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

/** Features by number, or by name with a range (low, high) or None for each. */
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
    vector<GlobalParameter> parameters;
    for (auto item : globals)
        parameters.push_back(toParameter(py::cast<string>(item.first), item.second));
    TensorProgram program(text, toVector<double>(weights));
    requireSlopesOfTables(program);
    return std::make_shared<PairProgram>(program, numTypes, toFeatures(numFeatures, features),
            py::cast<double>(inNanometers(minDistance)), parameters);
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

static py::dict getGlobalParameters(const PairProgram& function) {
    py::dict result;
    for (auto& parameter : function.getGlobalParameters())
        result[py::str(parameter.name)] = parameter.defaultValue;
    return result;
}

static py::dict getGlobalRanges(const PairProgram& function) {
    py::dict result;
    for (auto& parameter : function.getGlobalParameters())
        result[py::str(parameter.name)] = py::make_tuple(parameter.range.low, parameter.range.high);
    return result;
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

/** Pointers to the rows of an array of shape (n_pairs,) or (n_pairs, width). */
static vector<const double*> rowsOf(const Doubles& particles, py::ssize_t numPairs, int width) {
    if (particles.size() != numPairs * width)
        throw py::value_error("PairProgram: expected " + std::to_string(width) + (width == 1 ? " number" : " numbers") +
                " for each particle of " + std::to_string(numPairs) + " pairs.");
    vector<const double*> rows;
    for (py::ssize_t i = 0; i < numPairs; i++)
        rows.push_back(particles.data() + i * width);
    return rows;
}

static vector<double> globalValues(const PairProgram& function, const py::kwargs& given) {
    vector<double> values;
    for (auto& parameter : function.getGlobalParameters())
        values.push_back(given.contains(parameter.name) ? py::cast<double>(given[py::str(parameter.name)])
                                                        : parameter.defaultValue);
    for (auto item : given) {
        bool known = false;
        for (auto& parameter : function.getGlobalParameters())
            known |= (parameter.name == py::cast<string>(item.first));
        if (!known)
            throw py::type_error("PairProgram: there is no global parameter '" + py::cast<string>(item.first) + "'.");
    }
    return values;
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
            m, "TensorProgram", R"(A straight-line program on small vectors: see docs/program.md.

Parameters
----------
text : str
weights : ndarray
    The numbers of all weights, in the order of the steps.

Raises
------
openmm.OpenMMException
    If it breaks a rule, naming the step.)")
            .def(py::init([](const string& text, const Doubles& weights) {
                return std::make_shared<TensorProgram>(text, toVector<double>(weights));
            }),
                    py::arg("text"), py::arg("weights") = Doubles(0))
            .def_property_readonly("text", &TensorProgram::getText)
            .def_property_readonly(
                    "weights", [](const TensorProgram& program) { return toArray(program.getWeights()); })
            .def_property_readonly(
                    "num_outputs", [](const TensorProgram& program) { return program.getOutputs().size(); })
            .def(
                    "evaluate",
                    [](const TensorProgram& program, const py::kwargs& inputs) {
                        return evaluateProgram(program, py::cast<std::map<string, Doubles>>(inputs));
                    },
                    "Evaluate all outputs, arrays of shape (n_pairs, length), from inputs given by name.")
            .def("fold_constants", &foldConstants)
            .def("simplify", &simplify)
            .def("share_subexpressions", &shareSubexpressions)
            .def("remove_dead_code", &removeDeadCode)
            .def(
                    "split_linear_layers",
                    [](const TensorProgram& program, bool typed) {
                        return splitLinearLayers(program, toParticleInput(typed));
                    },
                    py::arg("typed"))
            .def(
                    "regroup_sums",
                    [](const TensorProgram& program, bool typed) {
                        return regroupSums(program, toParticleInput(typed));
                    },
                    py::arg("typed"))
            .def(
                    "optimize",
                    [](const TensorProgram& program, bool typed) { return optimize(program, toParticleInput(typed)); },
                    py::arg("typed"))
            .def(
                    "differentiate",
                    [](const TensorProgram& program, const string& input, int element, int numOutputs) {
                        return differentiate(program, inputNamed(input), element, numOutputs);
                    },
                    py::arg("input"), py::arg("element"), py::arg("num_outputs"))
            .def(
                    "tabulate_radial",
                    [](const TensorProgram& program, bool typed, double minDistance, double maxDistance, int numKnots) {
                        return tabulateRadial(program, toParticleInput(typed), minDistance, maxDistance, numKnots);
                    },
                    py::arg("typed"), py::arg("min_distance"), py::arg("max_distance"), py::arg("num_knots"))
            .def(
                    "stages",
                    [](const TensorProgram& program, bool typed) {
                        vector<string> names;
                        for (Stage stage : findStages(program, toParticleInput(typed)))
                            names.push_back(getName(stage));
                        return names;
                    },
                    py::arg("typed"));
}

static py::object copyOf(const TensorProgram* program) {
    return program == nullptr ? py::object(py::none()) : py::cast(*program);
}

void LearnedPairPlugin::bindPrograms(py::module_& m) {
    bindTensorProgram(m);
    py::class_<PairProgram, LearnedFunction, std::shared_ptr<PairProgram>>(m, "PairProgram",
            R"(A pair function as a program, for models with features or global parameters, and for exact networks.

Parameters
----------
text : str
    The program, as docs/program.md specifies it. Its inputs are the distance in nm, the particles and the global
    parameters; its output is the energy in kJ/mol.
weights : ndarray
    The numbers of all weights, in the order of the steps.
num_types, num_features : int
    The number of particle types, or that of features; the other one is 0.
features : dict of str to ((float, float) or None), or None
    In place of num_features: the name of each feature, and the range that the function was made for. A particle outside
    of it is refused.
min_distance : float, nm, or Quantity
    The shortest distance at which the function is defined.
global_parameters : dict of str to (float or (float, float, float))
    Names and default values, or (default, low, high), in the order in which the program takes them. Outside of low to
    high a Context refuses to compute.

Raises
------
openmm.OpenMMException
    If the program breaks a rule, naming the step.)")
            .def(py::init(&createPairProgram), py::arg("text"), py::arg("weights"), py::arg("num_types") = 0,
                    py::arg("num_features") = 0, py::arg("min_distance") = 0.05,
                    py::arg("global_parameters") = py::dict(), py::arg("features") = py::none())
            .def("__repr__", &summarize)
            .def_property_readonly(
                    "text", [](const PairProgram& function) { return function.getProgram().getText(); },
                    "The program, without its weights.")
            .def_property_readonly(
                    "weights", [](const PairProgram& function) { return toArray(function.getProgram().getWeights()); },
                    "The numbers of all weights.")
            .def_property_readonly(
                    "has_table", [](const PairProgram& function) { return std::isfinite(function.getMaxDistance()); },
                    "Whether a part of it is a table in the distance.")
            .def_property_readonly(
                    "multiply_adds",
                    [](const PairProgram& function) {
                        return ProgramCost(StagedProgram(function).getPairPart()).multiplyAdds;
                    },
                    "How many multiply-adds energy and force of a pair take, after staging.")
            .def_property_readonly("feature_ranges", &getFeatures,
                    "Names of the features, and (low, high) of each; infinite where there is no end.")
            .def_property_readonly(
                    "global_parameters", &getGlobalParameters, "Names and default values of the global parameters.")
            .def_property_readonly("global_parameter_ranges", &getGlobalRanges,
                    "Names of the global parameters, and (low, high) of each; infinite where there is no end.")
            .def(
                    "evaluate",
                    [](std::shared_ptr<PairProgram> function, const py::object& r, const Doubles& particle1,
                            const Doubles& particle2, const py::kwargs& globals) {
                        PairValues values = evaluatePairs(*PairEvaluator::create(function), function, r, particle1,
                                particle2, globalValues(*function, globals));
                        return py::make_tuple(toArray(values.energy), toArray(values.dEdR));
                    },
                    py::arg("r"), py::arg("particle1"), py::arg("particle2"),
                    R"(Evaluate the program for many pairs, in double precision.

Parameters
----------
r : ndarray, shape (n,), nm, or Quantity
particle1, particle2 : ndarray, shape (n,) for types or (n, num_features)
**globals : float
    Global parameters, if not their default values.

Returns
-------
energy : ndarray, shape (n,), kJ/mol
slope : ndarray, shape (n,), kJ/mol/nm
    dE/dr

Raises
------
ValueError, TypeError
    If shapes, types or names don't fit.)")
            .def(
                    "evaluate_in_single_precision",
                    [](std::shared_ptr<PairProgram> function, const py::object& r, const Doubles& particle1,
                            const Doubles& particle2, const py::kwargs& globals) {
                        PairValues values = evaluatePairs(*PairEvaluator::createInSinglePrecision(function), function,
                                r, particle1, particle2, globalValues(*function, globals));
                        return py::make_tuple(toArray(values.energy), toArray(values.dEdR));
                    },
                    py::arg("r"), py::arg("particle1"), py::arg("particle2"),
                    "Like evaluate(), but the pairs in single precision, as most platforms compute them.")
            .def(
                    "evaluate_derivatives",
                    [](std::shared_ptr<PairProgram> function, const py::object& r, const Doubles& particle1,
                            const Doubles& particle2, const py::kwargs& globals) {
                        vector<int> all;
                        for (size_t i = 0; i < function->getGlobalParameters().size(); i++)
                            all.push_back(i);
                        PairValues values = evaluatePairs(*PairEvaluator::create(function, all), function, r, particle1,
                                particle2, globalValues(*function, globals));
                        py::dict result;
                        for (int i : all)
                            result[py::str(function->getGlobalParameters()[i].name)] =
                                    py::make_tuple(toArray(values.dEdG[i]), toArray(values.d2EdRdG[i]));
                        return result;
                    },
                    py::arg("r"), py::arg("particle1"), py::arg("particle2"),
                    R"(Derivatives of energy and slope with respect to each global parameter.

Parameters
----------
As for evaluate().

Returns
-------
dict of str to (ndarray, ndarray)
    For each parameter dE/dg and d2E/drdg, shape (n,).)")
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
                    "The same function with everything that depends on r alone in a table of so many knots.")
            .def("describe", &describeProgram,
                    "The optimized program (str), with the stage of each step and what the stages cost.")
            .def(
                    "source",
                    [](const PairProgram& function, bool doublePrecision, bool unroll) {
                        return ProgramPrinter(StagedProgram(function).getPairPart()).print({doublePrecision, unroll});
                    },
                    py::arg("double_precision") = false, py::arg("unroll") = false,
                    "What GPUs compile for energy and force of one pair (str).")
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
                    R"(What GPUs with tensor cores compile for energy and force of 16 pairs (str).

Raises
------
ValueError
    If they cannot evaluate the program. The message names the step.)")
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
                    "What platforms evaluate: a TensorProgram, or None, for each stage.");
}
