// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
//
// Bindings of EnvironmentFunction.

#include "environments.h"
#include "arrays.h"
#include "EnvironmentFunction.h"
#include "internal/passes.h"
#include "internal/ProgramInterpreter.h"
#include "parameters.h"
#include <pybind11/stl.h>

namespace py = pybind11;
using namespace LearnedPairPlugin;
using std::string;
using std::vector;

/** Require arrays of shape (n_knots, n_channels), and make curves of them. */
static vector<DensityCurve> toCurves(
        const vector<Doubles>& values, const vector<Doubles>& slopes, py::ssize_t numChannels) {
    require(values.size() == slopes.size(), "EnvironmentFunction: values are given for ", values.size(),
            " curves, and slopes for ", slopes.size(), "; expected the same number.");
    vector<DensityCurve> curves;
    for (size_t i = 0; i < values.size(); i++) {
        for (auto& array : {values[i], slopes[i]})
            require(array.ndim() == 2 && array.shape(1) == numChannels,
                    "EnvironmentFunction: the values and slopes of "
                    "curve ",
                    i, " must have the shape (n_knots, ", numChannels, "), with a column for each channel.");
        curves.push_back({toVector<double>(values[i]), toVector<double>(slopes[i])});
    }
    return curves;
}

static std::shared_ptr<EnvironmentFunction> create(int numTypes, const py::object& minDistance,
        const py::object& maxDistance, const vector<int>& angular, const vector<Doubles>& values,
        const vector<Doubles>& slopes, const vector<int>& curveIndices, const string& text, const Doubles& weights,
        const py::dict& globals, std::shared_ptr<PairTable> pair) {
    EnvironmentFunction::checkAngularOrders(angular); // before the shapes of the arrays
    TensorProgram program(text, toVector<double>(weights), ProgramSignature::forAtoms());
    return std::make_shared<EnvironmentFunction>(numTypes, py::cast<double>(inNanometers(minDistance)),
            py::cast<double>(inNanometers(maxDistance)), angular, toCurves(values, slopes, angular.size()),
            curveIndices, program, toParameters("EnvironmentFunction", globals), pair);
}

/** Get the values or the slopes of all curves, as arrays of shape (n_knots, n_channels). */
static py::list getNumbers(const EnvironmentFunction& function, vector<double> DensityCurve::* numbers) {
    py::list result;
    const py::ssize_t numChannels = function.getNumChannels();
    for (auto& curve : function.getCurves()) {
        py::ssize_t numKnots = (curve.*numbers).size() / numChannels;
        result.append(py::array_t<double>({numKnots, numChannels}, (curve.*numbers).data()));
    }
    return result;
}

static void requireType(const EnvironmentFunction& function, double type) {
    if (!(type >= 0 && type < function.getNumTypes()) || type != (int) type)
        throw py::value_error("EnvironmentFunction: " + std::to_string(type) + " is not a type; there are " +
                std::to_string(function.getNumTypes()) + ".");
}

static py::tuple evaluateDensities(
        const EnvironmentFunction& function, int center, int neighbor, const py::object& distances) {
    auto r = py::cast<Doubles>(inNanometers(distances));
    requireType(function, center);
    requireType(function, neighbor);
    if (function.getCurveIndex(center, neighbor) == EnvironmentFunction::NoCurve)
        throw py::value_error("EnvironmentFunction: no densities are defined for types " + std::to_string(center) +
                " and " + std::to_string(neighbor) + ".");
    const py::ssize_t numChannels = function.getNumChannels();
    py::array_t<double> values({r.size(), numChannels}), slopes({r.size(), numChannels});
    for (py::ssize_t i = 0; i < r.size(); i++) {
        if (!(r.data()[i] >= function.getFirstKnot() && r.data()[i] <= function.getLastKnot()))
            throw py::value_error("EnvironmentFunction: the distance " + std::to_string(r.data()[i]) +
                    " nm is outside of the densities, which go from " + std::to_string(function.getFirstKnot()) +
                    " to " + std::to_string(function.getLastKnot()) + " nm.");
        function.evaluateDensities(center, neighbor, r.data()[i], values.mutable_data(i), slopes.mutable_data(i));
    }
    return py::make_tuple(values, slopes);
}

static py::tuple evaluateAtoms(
        const EnvironmentFunction& function, const Doubles& densities, const Doubles& types, const py::kwargs& given) {
    const vector<double> globals = globalValues("EnvironmentFunction", function, given);
    const py::ssize_t numChannels = function.getNumChannels(), numAtoms = types.size();
    if (densities.size() != numAtoms * numChannels)
        throw py::value_error("EnvironmentFunction: expected " + std::to_string(numChannels) +
                " densities for each of " + std::to_string(numAtoms) + " atoms.");
    ProgramInterpreter<double, 1> interpreter(appendGradient(function.getAtomProgram(), AtomInput::Densities));
    if (double* input = interpreter.getInput(AtomInput::Globals))
        std::copy(globals.begin(), globals.end(), input);
    py::array_t<double> energies(numAtoms), gradients({numAtoms, numChannels});
    for (py::ssize_t i = 0; i < numAtoms; i++) {
        requireType(function, types.data()[i]);
        if (double* input = interpreter.getInput(AtomInput::Type))
            *input = types.data()[i];
        std::copy_n(densities.data() + i * numChannels, numChannels, interpreter.getInput(AtomInput::Densities));
        interpreter.run();
        *energies.mutable_data(i) = interpreter.getOutput(0, 0, 0);
        for (py::ssize_t k = 0; k < numChannels; k++)
            *gradients.mutable_data(i, k) = interpreter.getOutput(1, k, 0);
    }
    return py::make_tuple(energies, gradients);
}

static string summarize(const EnvironmentFunction& function) {
    const int numTypes = function.getNumTypes(), numChannels = function.getNumChannels();
    return "<EnvironmentFunction of " + std::to_string(numTypes) + " type" + (numTypes == 1 ? "" : "s") + ": " +
            std::to_string(numChannels) + " channel" + (numChannels == 1 ? "" : "s") + ", " +
            std::to_string(function.getAtomProgram().getSteps().size()) + " steps" +
            (function.getPairTable() == nullptr ? ">" : ", with a pair function>");
}

void LearnedPairPlugin::bindEnvironments(py::module_& m) {
    py::class_<EnvironmentFunction, LearnedFunction, std::shared_ptr<EnvironmentFunction>>(m, "EnvironmentFunction",
            R"(The energy of atoms in their environments: a function of densities around each atom.

E = sum over atoms i of u(q_i; a_i; g) + sum over pairs i<j of f(r_ij; a_i, a_j)

q_i are K densities. A channel of angular order 0 is the sum of w_k(r_ij; a_i, a_j) over the neighbors j. A channel of
order l = 1, 2 or 3 is the sum of the squares of the 2l+1 sums of w_k(r_ij; a_i, a_j) C_lm, where C_lm are the real
spherical harmonics times sqrt(4 pi/(2l+1)) of the direction to the neighbor: one neighbor gives w_k^2.

Parameters
----------
num_types : int
    The number of particle types.
min_distance, max_distance : float, nm, or Quantity
    The distances of the first and the last knot of every curve.
angular : list of int
    The angular order of each channel, 0 to 3; at most 64 channels.
values, slopes : list of ndarray, shape (n_knots, n_channels)
    For each curve w and dw/dr (1/nm) of all channels at equally spaced knots.
curve_indices : list of int, length num_types*num_types
    The index of the curve for the type of the center and that of its neighbor, in row-major order; -1 for none.
text : str
    The program u, as specified in docs/program.md, section 6. Its inputs are ``densities``, ``type`` and ``globals``.
    Its output is the energy of an atom in kJ/mol.
weights : ndarray, shape (n_weights,)
    The elements of all weights of the program, in the order of the steps.
global_parameters : dict of str to float or (float, float, float)
    The default values, or (default, low, high), in the units that the program expects.
pair : PairTable, optional
    The pair function f.

Raises
------
openmm.OpenMMException
    If a size or an index is wrong, a number is not finite, the slopes of a curve do not match its values, or the
    program is not valid.

References
----------
M. S. Daw and M. I. Baskes, Phys. Rev. B 29 (1984) 6443; with angles: M. I. Baskes, Phys. Rev. B 46 (1992) 2727.

Examples
--------
One density, (1 - r^2)^3, and the energy -sqrt(q) of an atom:

>>> import numpy as np
>>> from learnedpair import EnvironmentFunction
>>> r = np.linspace(0.1, 1.0, 301)[:, None]
>>> function = EnvironmentFunction(
...     num_types=1,
...     min_distance=0.1,
...     max_distance=1.0,
...     angular=[0],
...     values=[(1 - r**2) ** 3],
...     slopes=[-6 * r * (1 - r**2) ** 2],
...     curve_indices=[0],
...     text="v0[1] = densities\nv1[1] = sqrt v0\nv2[1] = neg v1\noutput v2",
... )
>>> energy, gradient = function.evaluate_atoms([[0.25], [1.0]], [0, 0])
>>> energy.tolist(), gradient.tolist()
([-0.5, -1.0], [[-1.0], [-0.5]]))")
            .def(py::init(&create), py::arg("num_types"), py::arg("min_distance"), py::arg("max_distance"),
                    py::arg("angular"), py::arg("values"), py::arg("slopes"), py::arg("curve_indices"), py::arg("text"),
                    py::arg("weights") = Doubles(0), py::arg("global_parameters") = py::dict(),
                    py::arg("pair") = std::shared_ptr<PairTable>())
            .def("__repr__", &summarize)
            .def_property_readonly(
                    "angular", &EnvironmentFunction::getAngularOrders, "The angular order of each channel.")
            .def_property_readonly(
                    "values", [](const EnvironmentFunction& f) { return getNumbers(f, &DensityCurve::values); },
                    "For each curve the values at its knots, of shape (n_knots, n_channels).")
            .def_property_readonly(
                    "slopes", [](const EnvironmentFunction& f) { return getNumbers(f, &DensityCurve::slopes); },
                    "For each curve the derivatives at its knots, in 1/nm, of shape (n_knots, n_channels).")
            .def_property_readonly("curve_indices", &EnvironmentFunction::getCurveIndices,
                    "The index of the curve for each ordered pair of types, in row-major order; -1 for none.")
            .def_property_readonly(
                    "text", [](const EnvironmentFunction& f) { return f.getAtomProgram().getText(); },
                    "The text of the program u.")
            .def_property_readonly(
                    "weights", [](const EnvironmentFunction& f) { return toArray(f.getAtomProgram().getWeights()); },
                    "The weights of the program u.")
            .def_property_readonly("global_parameters", &getGlobalParameters, "Their default values by name.")
            .def_property_readonly("global_parameter_ranges", &getGlobalRanges, "Their ranges (low, high) by name.")
            .def_property_readonly(
                    "pair",
                    [](const EnvironmentFunction& f) { return std::const_pointer_cast<PairTable>(f.getPairTable()); },
                    "The pair function f; None without one.")
            .def("evaluate_densities", &evaluateDensities, py::arg("center"), py::arg("neighbor"), py::arg("r"),
                    R"(Evaluate the densities of all channels for one neighbor.

Parameters
----------
center, neighbor : int
    The types of the atom in the center and of its neighbor.
r : ndarray, shape (n,), nm, or Quantity
    Distances from min_distance to max_distance.

Returns
-------
w : ndarray, shape (n, n_channels)
dwdr : ndarray, shape (n, n_channels), 1/nm

Raises
------
ValueError
    If a type or a distance is out of range, or no densities are defined for these types.)")
            .def("evaluate_atoms", &evaluateAtoms, py::arg("densities"), py::arg("types"),
                    R"(Evaluate the program u and its gradient.

Parameters
----------
densities : ndarray, shape (n, n_channels)
types : ndarray of int, shape (n,)
**global_parameters : float
    Values of global parameters in place of their default values, in the units that the program expects.

Returns
-------
energy : ndarray, shape (n,), kJ/mol
gradient : ndarray, shape (n, n_channels), kJ/mol

Raises
------
ValueError
    If a type is out of range, or the number of densities is wrong.
TypeError
    If there is no such global parameter.)");
}
