// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedFunction.h"
#include "PairProgram.h"
#include "PairTable.h"
#include <functional>
#include <optional>

namespace LearnedPairPlugin {

/**
 * Call the callable for the subclass of a learned function, and return its result. For a new subclass a third callable
 * must be added. The compiler then reports every call that does not handle the new subclass.
 *
 * @tparam Result  the return type of both callables; not void
 */
template<class Result>
Result visitFunction(const LearnedFunction& function, const std::function<Result(const PairTable&)>& onTable,
        const std::function<Result(const PairProgram&)>& onProgram) {
    struct Visitor : LearnedFunctionVisitor {
        Visitor(const std::function<Result(const PairTable&)>& onTable,
                const std::function<Result(const PairProgram&)>& onProgram) :
                onTable(onTable),
                onProgram(onProgram) {}
        void visit(const PairTable& table) override {
            result.emplace(onTable(table));
        }
        void visit(const PairProgram& program) override {
            result.emplace(onProgram(program));
        }
        const std::function<Result(const PairTable&)>& onTable;
        const std::function<Result(const PairProgram&)>& onProgram;
        std::optional<Result> result;
    } visitor(onTable, onProgram);
    function.accept(visitor);
    return std::move(*visitor.result);
}

} // namespace LearnedPairPlugin
