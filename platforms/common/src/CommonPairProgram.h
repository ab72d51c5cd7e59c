// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CommonPairFunction.h"
#include "internal/StageValues.h"
#include "internal/StagedProgram.h"
#include "openmm/common/ComputeArray.h"
#include <memory>

namespace LearnedPairPlugin {

/** A PairProgram on a device. The host computes what does not depend on the pair; the device the rest, from source. */
class CommonPairProgram : public CommonPairFunction {
public:
    CommonPairProgram(OpenMM::ComputeContext& cc, const LearnedPairForce& force);
    void upload(const LearnedPairForce& force) override;
    void updateGlobals(const GlobalValues& globals) override;
    bool isSmall() const override;
    void addArguments(OpenMM::NonbondedUtilities& nonbonded, const std::string& prefix) override;
    std::string getCondition(const std::string& prefix) const override;
    std::string getSource(const std::string& prefix) const override;
private:
    /** An input of the program in the memory of the device, with room for as many numbers as there may ever be. */
    struct Input {
        const char* name;
        int length;
        OpenMM::ComputeArray array; // real
    };
    void setInput(Input& input, std::vector<double> values);
    OpenMM::ComputeContext& cc;
    std::vector<int> derivatives;
    std::unique_ptr<StagedProgram> program;
    std::unique_ptr<StageValues> stages;
    int numClasses, numRows, maxRows, particleSize;
    OpenMM::ComputeArray particles; // int2 (class, row), for each particle
    OpenMM::ComputeArray interacts; // int, shape [numClasses][numClasses]
    OpenMM::ComputeArray weights;   // real
    Input particleValues, pairValues, globalValues;
};

} // namespace LearnedPairPlugin
