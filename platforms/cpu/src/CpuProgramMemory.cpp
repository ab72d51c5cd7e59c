// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuProgramMemory.h"
#include "alignedBegin.h"

using namespace LearnedPairPlugin;

CpuProgramMemory::CpuProgramMemory(const CpuProgramPlan& plan, const SimdBackend& backend) :
        plan(plan),
        storage(plan.getNumElements() * plan.getBatchSize() + FloatsInCacheLine, 0.0f),
        memory(alignedBegin(storage)) {
    auto& order = plan.getOrder();
    operands.resize(order.size());
    for (size_t i = 0; i < order.size(); i++) {
        const CpuProgramPlan::Step& step = plan.getSteps()[order[i]];
        for (int operand : step.operands)
            operands[i].push_back(plan.getValue(operand, memory));
        instructions.push_back({nullptr, step.operation, plan.getBatchSize(), plan.getValue(order[i], memory),
            operands[i].data(), (int32_t) operands[i].size(), step.integers.data()});
        backend.selectInstruction(instructions.back());
    }
    for (int output : plan.getOutputSteps())
        outputs.push_back(plan.getValue(output, memory));
}

float* CpuProgramMemory::getInput(int slot) const {
    for (size_t i = 0; i < plan.getSteps().size(); i++)
        if (isInput(plan.getSteps()[i], slot))
            return plan.getValue(i, memory).data;
    return nullptr;
}
