// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CompiledProgram.h"
#include "internal/ProgramCost.h"
#include "ProgramPrinter.h"
#include "TensorCorePrinter.h"

using namespace LearnedPairPlugin;

// Programs with more operations per pair run in a kernel of their own, without unrolled loops: in the shared kernel
// they would take registers from the other forces. Up to these limits the shared kernel needs at most 96 registers per
// thread in single precision, and 128 in double (benchmarks/results/program_registers.json).
static const long long MaxSharedOperations = 512, MaxSharedOperationsInDouble = 128;

CompiledProgram::CompiledProgram(
        const PairProgram& function, const std::vector<int>& derivatives, const CompilerOptions& options) :
        staged(function, derivatives),
        options(options),
        layout(staged.getPairPart()),
        plan(staged.getPairPart()) {
    small = (ProgramCost(staged.getPairPart()).getTotal() <=
            (options.doublePrecision ? MaxSharedOperationsInDouble : MaxSharedOperations));
    tensorCores = (options.tensorCores && !options.doublePrecision && !small && plan.whyUnsupported().empty());
}

std::string CompiledProgram::print() const {
    if (tensorCores)
        return TensorCorePrinter(staged.getPairPart(), plan).print();
    return ProgramPrinter(staged.getPairPart()).print({options.doublePrecision, small});
}
