// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CommonPairFunction.h"
#include "internal/StagedProgram.h"
#include "internal/StageValues.h"
#include "openmm/common/ComputeArray.h"
#include <memory>

namespace LearnedPairPlugin {

/** A PairProgram on a device. The host computes what does not depend on the pair; the device the rest, from source. */
class CommonPairProgram : public CommonPairFunction {
public:
    /**
     * @param hasTensorCores  whether the device has them, and nobody wants them left alone
     */
    CommonPairProgram(OpenMM::ComputeContext& cc, const LearnedPairForce& force, const GlobalValues& globals,
            bool hasTensorCores);
    void upload(const LearnedPairForce& force) override;
    void updateGlobals(const GlobalValues& globals) override;
    bool isSmall() const override;
    std::vector<OpenMM::ComputeParameterInfo> getParameters(const std::string& prefix) override;
    std::vector<OpenMM::ComputeParameterInfo> getArguments(const std::string& prefix) override;
    std::string getCondition(const std::string& prefix) const override;
    bool usesTensorCores() const override {
        return tensorCores;
    }
    PairFunctionSource getSource(const std::string& prefix) const override;

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
    bool tensorCores;
    OpenMM::ComputeArray particles; // int2 (class, row), for each particle
    OpenMM::ComputeArray interacts; // int, shape [numClasses][numClasses]
    OpenMM::ComputeArray weights;   // real
    OpenMM::ComputeArray fragments; // int2: see TensorCoreSource
    Input particleValues, pairValues, globalValues;
};

} // namespace LearnedPairPlugin
