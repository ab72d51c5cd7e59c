// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "ExceptionsKernel.h"
#include "CommonLearnedPairKernelSources.h"
#include "KernelText.h"
#include "openmm/common/CommonKernelUtilities.h"
#include <map>
#include <sstream>

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::map;
using std::string;

/** Get the condition under which an exception contributes. */
static string createCondition(ComputeContext& cc, const LearnedPairForce& force, const PairKernelText& pair) {
    string condition = "exceptionFactors[index] != 0";
    if (force.getNonbondedMethod() != LearnedPairForce::NoCutoff)
        condition += " && r2 < " + cc.doubleToString(force.getCutoffDistance() * force.getCutoffDistance());
    return condition + (pair.condition.empty() ? "" : " && " + pair.condition);
}

ExceptionsKernel::ExceptionsKernel(ComputeContext& cc, const LearnedPairForce& force, const PairKernelText& pair) :
        cc(cc),
        pair(pair),
        periodic(force.usesPeriodicBoundaryConditions()),
        exceptions(cc, force) {
    this->pair.condition = createCondition(cc, force, pair);
}

/** Create the kernel. OpenMM creates the buffers of forces and energies after all forces are initialized. */
void ExceptionsKernel::initialize() {
    map<string, string> defines;
    defines["PADDED_NUM_ATOMS"] = cc.intToString(cc.getPaddedNumAtoms());
    defines["LP_NUM_EXCEPTIONS"] = cc.intToString(exceptions.getCount());
    defines["LP_APPLY_PERIODIC"] = (periodic ? "APPLY_PERIODIC_TO_DELTA(delta)" : "");
    arguments.add("GLOBAL mm_ulong* RESTRICT forceBuffers", cc.getLongForceBuffer());
    arguments.add("GLOBAL mixed* RESTRICT energyBuffer", cc.getEnergyBuffer());
    exceptions.addArguments(arguments);
    boxArgument = addBoxArguments(arguments);
    addPairArguments(arguments, cc, pair);
    kernel = cc.compileProgram(createText(), defines)->createKernel("computeLearnedExceptions");
    arguments.bind(kernel);
    isInitialized = true;
}

string ExceptionsKernel::createText() const {
    std::stringstream get;
    for (auto& parameter : pair.parameters)
        for (string k : {"1", "2"})
            get << "const " << parameter.getType() << " " << parameter.getName() << k << " = global_"
                << parameter.getName() << "[atom" << k << "];\n";
    const DerivativeText derivatives = createDerivativeText(cc, pair.derivatives);
    return fillHoles(cc, CommonLearnedPairKernelSources::forces + CommonLearnedPairKernelSources::exceptions,
            {{{"LP_HOLE_ARGUMENTS", arguments.declare()}, {"LP_HOLE_GET_PARAMETERS", get.str()},
                {"LP_HOLE_CONDITION", pair.condition}, {"LP_HOLE_DECLARE_DERIVATIVES", derivatives.declare},
                {"LP_HOLE_SAVE_DERIVATIVES", derivatives.save}, {"LP_HOLE_DISTANCE", pair.distance},
                {"LP_HOLE_PROGRAM", pair.function.setInputs + pair.function.program + pair.function.getResults},
                {"LP_HOLE_ENERGY", pair.energy}}});
}

void ExceptionsKernel::execute() {
    if (!isInitialized)
        initialize();
    setPeriodicBoxArgs(cc, kernel, boxArgument);
    kernel->execute(exceptions.findNumThreads(1), ExceptionPairs::GroupSize);
}
