// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CommonPairFunction.h"
#include "CompiledProgram.h"
#include "internal/StageValues.h"
#include "openmm/common/ComputeArray.h"
#include <memory>

namespace LearnedPairPlugin {

/**
 * A PairProgram on a device. The host computes the parts that run before the pair part; the kernel evaluates the pair
 * part, from printed source.
 */
class CommonPairProgram : public CommonPairFunction {
public:
    /** @param hasTensorCores  whether to use tensor cores if the program supports them */
    CommonPairProgram(OpenMM::ComputeContext& cc, const LearnedPairForce& force, const GlobalValues& globals,
            bool hasTensorCores);
    /** Copy the weights and the particles' types or features to the device. */
    void upload(const LearnedPairForce& force);
    void updateGlobals(const GlobalValues& globals) override;
    bool isSmall() const override {
        return program->isSmall();
    }
    std::vector<OpenMM::ComputeParameterInfo> getParameters(const std::string& prefix) override;
    std::vector<OpenMM::ComputeParameterInfo> getArguments(const std::string& prefix) override;
    std::string getCondition(const std::string& prefix) const override;
    bool usesTensorCores() const override {
        return program->usesTensorCores();
    }
    PairFunctionText getText(const std::string& prefix) const override;

private:
    /** An input of the pair part in device memory. Its array is large enough for all later updates. */
    struct Input {
        const char* name;
        int length;
        OpenMM::ComputeArray array; // real
    };
    void uploadParticles(const LearnedPairForce& force);
    void setInput(Input& input, std::vector<double> values);
    int getRealSize() const;
    OpenMM::ComputeContext& cc;
    const std::vector<int> derivatives;
    const CompilerOptions options;
    std::unique_ptr<const CompiledProgram> program;
    std::unique_ptr<StageValues> stages;
    const int numClasses, maxParticles, particleSize;
    int numParticles; // the number of distinct particles, as of the last upload
    bool isUploaded;
    OpenMM::ComputeArray particles; // int2 (interaction class, distinct particle), for each particle
    OpenMM::ComputeArray interacts; // int, shape [numClasses][numClasses]
    OpenMM::ComputeArray weights;   // real
    OpenMM::ComputeArray fragments; // int2: see TensorCorePlan
    Input particleValues, pairValues, globalValues;
};

} // namespace LearnedPairPlugin
