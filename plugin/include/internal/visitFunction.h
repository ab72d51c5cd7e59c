// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "EnvironmentFunction.h"
#include "LearnedFunction.h"
#include "openmm/OpenMMException.h"
#include "PairProgram.h"
#include "PairTable.h"
#include <functional>
#include <optional>

namespace LearnedPairPlugin {

/**
 * Call the callable for the subclass of a learned function, and return its result. For a new subclass another callable
 * must be added. The compiler then reports every call that does not handle the new subclass.
 *
 * @tparam Result  the return type of all callables; not void
 */
template<class Result>
Result visitFunction(const LearnedFunction& function, const std::function<Result(const PairTable&)>& onTable,
        const std::function<Result(const PairProgram&)>& onProgram,
        const std::function<Result(const EnvironmentFunction&)>& onEnvironment) {
    struct Visitor : LearnedFunctionVisitor {
        Visitor(const std::function<Result(const PairTable&)>& onTable,
                const std::function<Result(const PairProgram&)>& onProgram,
                const std::function<Result(const EnvironmentFunction&)>& onEnvironment) :
                onTable(onTable),
                onProgram(onProgram),
                onEnvironment(onEnvironment) {}
        void visit(const PairTable& table) override {
            result.emplace(onTable(table));
        }
        void visit(const PairProgram& program) override {
            result.emplace(onProgram(program));
        }
        void visit(const EnvironmentFunction& environment) override {
            result.emplace(onEnvironment(environment));
        }
        const std::function<Result(const PairTable&)>& onTable;
        const std::function<Result(const PairProgram&)>& onProgram;
        const std::function<Result(const EnvironmentFunction&)>& onEnvironment;
        std::optional<Result> result;
    } visitor(onTable, onProgram, onEnvironment);
    function.accept(visitor);
    return std::move(*visitor.result);
}

/** Get the exception of code for pair functions that was given an EnvironmentFunction. */
inline OpenMM::OpenMMException notAPairFunction(const std::string& what) {
    return OpenMM::OpenMMException(what +
            ": the function of the force is an EnvironmentFunction; expected a PairTable"
            " or a PairProgram.");
}

} // namespace LearnedPairPlugin
