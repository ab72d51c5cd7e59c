// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "openmm/common/ArrayInterface.h"
#include "openmm/common/ComputeKernel.h"
#include <functional>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * The argument list of a kernel. Each call of add() appends one argument, both to the declaration and to the values
 * that are passed to the kernel, so that the two lists always have the same order.
 */
class KernelArguments {
public:
    /** Add an array. @return the index of the argument */
    int add(const std::string& declaration, OpenMM::ArrayInterface& array) {
        return add(declaration, [&array](OpenMM::ComputeKernel kernel) { kernel->addArg(array); });
    }
    /** Add a number. @return the index of the argument */
    int add(const std::string& declaration, unsigned int value) {
        return add(declaration, [value](OpenMM::ComputeKernel kernel) { kernel->addArg(value); });
    }
    /** Add an argument that is set before each execution. @return the index of the argument */
    int addLater(const std::string& declaration) {
        return add(declaration, [](OpenMM::ComputeKernel kernel) { kernel->addArg(); });
    }
    /** Get the declarations of all arguments, for the text of the kernel. */
    std::string declare() const {
        std::string text;
        for (auto& argument : arguments)
            text += (text.empty() ? "" : ", ") + argument.declaration;
        return text;
    }
    /** Pass the arguments to the kernel, in the order of their declaration. */
    void bind(OpenMM::ComputeKernel kernel) const {
        for (auto& argument : arguments)
            argument.bind(kernel);
    }

private:
    struct Argument {
        std::string declaration;
        std::function<void(OpenMM::ComputeKernel)> bind;
    };
    int add(const std::string& declaration, const std::function<void(OpenMM::ComputeKernel)>& bind) {
        arguments.push_back({declaration, bind});
        return arguments.size() - 1;
    }
    std::vector<Argument> arguments;
};

} // namespace LearnedPairPlugin
