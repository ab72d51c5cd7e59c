// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/numpy.h>
#include <vector>

namespace LearnedPairPlugin {

typedef pybind11::array_t<double, pybind11::array::c_style | pybind11::array::forcecast> Doubles;

template<class T>
std::vector<T> toVector(const pybind11::array_t<T, pybind11::array::c_style | pybind11::array::forcecast>& values) {
    return std::vector<T>(values.data(), values.data() + values.size());
}

template<class T> pybind11::array_t<T> toArray(const std::vector<T>& values) {
    return pybind11::array_t<T>(values.size(), values.data());
}

/** Convert distances to nm if they are an OpenMM Quantity; return plain numbers, which are in nm, unchanged. */
inline pybind11::object inNanometers(const pybind11::object& distance) {
    auto module = pybind11::module_::import("learnedpair.units");
    return module.attr("in_nanometers")(distance);
}

/**
 * Convert a sequence with one array of numbers for each curve. The arrays may be Quantities.
 *
 * @param what  "energies", which are converted to kJ/mol, or "slopes", which are converted to kJ/mol/nm
 */
inline std::vector<Doubles> curveNumbers(const pybind11::object& curves, const char* what) {
    auto convert = pybind11::module_::import("learnedpair.units").attr("curve_numbers");
    std::vector<Doubles> result;
    for (auto curve : curves)
        result.push_back(pybind11::cast<Doubles>(convert(curve, what)));
    return result;
}

} // namespace LearnedPairPlugin
