// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
//
// Binding of CurveTabulator, which samples a Python function.

#include "curves.h"
#include "arrays.h"
#include "internal/CurveTabulator.h"
#include "internal/require.h"
#include <pybind11/stl.h>

namespace py = pybind11;
using namespace LearnedPairPlugin;
using std::vector;

namespace {

/** Samples a Python function f(curves, r) -> (energy, dEdR), whose arguments and results are arrays of equal length. */
class FunctionSampler : public CurveSampler {
public:
    explicit FunctionSampler(const py::function& function) : function(function) {}
    int getNumFunctions() const override {
        return 1;
    }
    void evaluate(vector<CurveSamples>& samples) override {
        vector<int> curves;
        vector<double> distances;
        for (auto& curve : samples) {
            curves.insert(curves.end(), curve.r.size(), curve.curve);
            distances.insert(distances.end(), curve.r.begin(), curve.r.end());
        }
        auto [energy, slope] = py::cast<std::pair<Doubles, Doubles>>(function(toArray(curves), toArray(distances)));
        require((size_t) energy.size() == distances.size() && energy.size() == slope.size(), "tabulate_curves: for ",
                distances.size(), " distances the function returns ", energy.size(), " energies and ", slope.size(),
                " slopes.");
        size_t first = 0;
        for (auto& curve : samples) {
            size_t end = first + curve.r.size();
            curve.values = {vector<double>(energy.data() + first, energy.data() + end)};
            curve.slopes = {vector<double>(slope.data() + first, slope.data() + end)};
            first = end;
        }
    }

private:
    py::function function;
};

} // namespace

static py::dict toDict(const TabulatedCurve& curve) {
    const CurveErrors& errors = curve.errors;
    py::dict result;
    result["energies"] = toArray(curve.functions[0].energies);
    result["slopes"] = toArray(curve.functions[0].slopes);
    result["is_within_tolerance"] = CurveTabulator::isWithinTolerance(curve);
    result["points"] = errors.numPoints;
    result["max_relative_force_error"] = errors.maxRelativeForceError;
    result["max_force_error"] = errors.maxForceError;
    result["max_energy_error"] = errors.maxEnergyError;
    result["sum_squared_force_errors"] = errors.sumSquaredForceErrors;
    result["sum_squared_energy_errors"] = errors.sumSquaredEnergyErrors;
    result["worst_distance"] = errors.worstDistance;
    result["worst_force"] = errors.worstForce;
    result["worst_force_error"] = errors.worstForceError;
    return result;
}

static py::dict toDict(const CurveProblem& problem) {
    py::dict result;
    result["kind"] = (problem.kind == CurveProblem::NotFinite ? "not finite"
                    : problem.kind == CurveProblem::TooLarge  ? "too large"
                                                              : "tolerance");
    result["curve"] = problem.curve;
    result["r"] = problem.r;
    result["energy"] = problem.energy;
    result["dEdR"] = problem.dEdR;
    result["force_error"] = problem.forceError;
    result["knots"] = problem.numKnots;
    return result;
}

/** Tabulate curves of a Python function: see the docstring below. */
static py::tuple tabulateCurves(const py::function& function, int numCurves, double minDistance, double maxDistance,
        double lastDistance, double tolerance, const std::optional<vector<int>>& intervals) {
    FunctionSampler sampler(function);
    CurveTabulator tabulator(sampler, Interpolation::CubicEnergy, minDistance, maxDistance, lastDistance, tolerance);
    vector<TabulatedCurve> curves;
    for (int i = 0; i < numCurves; i++)
        curves.push_back({i, intervals ? intervals->at(i) : CurveTabulator::MinIntervals, {}, {}, 0, 0});
    auto problem = (intervals ? tabulator.sample(curves) : tabulator.refine(curves));
    if (problem)
        return py::make_tuple(py::list(), toDict(*problem));
    py::list results;
    for (auto& curve : curves)
        results.append(toDict(curve));
    return py::make_tuple(results, py::none());
}

void LearnedPairPlugin::bindCurves(py::module_& m) {
    m.def("tabulate_curves", &tabulateCurves, py::arg("function"), py::arg("num_curves"), py::arg("min_distance"),
            py::arg("max_distance"), py::arg("last_distance"), py::arg("tolerance"), py::arg("intervals") = py::none(),
            R"(Tabulate curves to a stated error; see CurveTabulator in C++.

Parameters
----------
function : callable
    f(curves, r) -> (energy, dEdR) for arrays of curve indices and of distances in nm.
num_curves : int
min_distance, max_distance, last_distance : float, nm
    The distances of the first and of the last knot, and the distance at which the last knot is sampled.
tolerance : float
intervals : list of int, optional
    The number of intervals of each curve. The curves are then only sampled and measured; otherwise knots are added
    until the errors are within the tolerance.

Returns
-------
curves : list of dict
    Empty if there is a problem.
problem : dict or None
    The first curve that is not finite, too large for single precision, or does not reach the tolerance.)");
    m.attr("MIN_INTERVALS") = CurveTabulator::MinIntervals;
}
