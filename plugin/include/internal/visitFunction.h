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
 * Call one of two callables, the one for the kind of a learned function, and return its result. When a kind is added
 * this takes a third callable, and the compiler names every place that has to decide about it.
 *
 * @tparam Result  what both callables return; not void
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
