// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/require.h"
#include "LearnedFunction.h"
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * Make global parameters from a dict, whose values are default values or sequences (default, low, high).
 *
 * @param function  the name of the class of the function, for error messages
 */
inline std::vector<GlobalParameter> toParameters(const std::string& function, const pybind11::dict& globals) {
    std::vector<GlobalParameter> parameters;
    for (auto [key, value] : globals) {
        auto name = pybind11::cast<std::string>(key);
        if (!pybind11::isinstance<pybind11::tuple>(value) && !pybind11::isinstance<pybind11::list>(value)) {
            parameters.push_back({name, pybind11::cast<double>(value), {}});
            continue;
        }
        auto numbers = pybind11::cast<std::vector<double>>(value);
        require(numbers.size() == 3, function, ": the global parameter \"", name, "\" has ", numbers.size(),
                " numbers; expected its default value, or (default, low, high).");
        parameters.push_back({name, numbers[0], {numbers[1], numbers[2]}});
    }
    return parameters;
}

/** Get the default values of the global parameters by name. */
inline pybind11::dict getGlobalParameters(const LearnedFunction& function) {
    pybind11::dict result;
    for (auto& parameter : function.getGlobalParameters())
        result[pybind11::str(parameter.name)] = parameter.defaultValue;
    return result;
}

/** Get the ranges (low, high) of the global parameters by name. */
inline pybind11::dict getGlobalRanges(const LearnedFunction& function) {
    pybind11::dict result;
    for (auto& parameter : function.getGlobalParameters())
        result[pybind11::str(parameter.name)] = pybind11::make_tuple(parameter.range.low, parameter.range.high);
    return result;
}

/** Get the values of the global parameters: those that are given by name, else the default values. */
inline std::vector<double> globalValues(
        const std::string& className, const LearnedFunction& function, const pybind11::kwargs& given) {
    std::vector<double> values;
    for (auto& parameter : function.getGlobalParameters())
        values.push_back(given.contains(parameter.name) ? pybind11::cast<double>(given[pybind11::str(parameter.name)])
                                                        : parameter.defaultValue);
    for (auto item : given) {
        bool known = false;
        for (auto& parameter : function.getGlobalParameters())
            known |= (parameter.name == pybind11::cast<std::string>(item.first));
        if (!known)
            throw pybind11::type_error(
                    className + ": there is no global parameter '" + pybind11::cast<std::string>(item.first) + "'.");
    }
    return values;
}

} // namespace LearnedPairPlugin
