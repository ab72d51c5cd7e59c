// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "ExceptionsKernel.h"
#include "CommonLearnedPairKernelSources.h"
#include "KernelText.h"
#include "openmm/common/CommonKernelUtilities.h"
#include <algorithm>
#include <map>
#include <sstream>

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::map;
using std::string;
using std::vector;

static const int GroupSize = 64;

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
        numExceptions(force.getNumExceptions()) {
    this->pair.condition = createCondition(cc, force, pair);
    atoms.initialize<mm_int2>(cc, numExceptions, "learnedPairExceptionAtoms");
    factors.initialize(cc, numExceptions, cc.getUseDoublePrecision() ? sizeof(double) : sizeof(float),
            "learnedPairExceptionFactors");
    upload(force);
}

/** Create the kernel. OpenMM creates the buffers of forces and energies after all forces are initialized. */
void ExceptionsKernel::initialize() {
    map<string, string> defines;
    defines["PADDED_NUM_ATOMS"] = cc.intToString(cc.getPaddedNumAtoms());
    defines["LP_NUM_EXCEPTIONS"] = cc.intToString(numExceptions);
    defines["LP_APPLY_PERIODIC"] = (periodic ? "APPLY_PERIODIC_TO_DELTA(delta)" : "");
    arguments.add("GLOBAL mm_ulong* RESTRICT forceBuffers", cc.getLongForceBuffer());
    arguments.add("GLOBAL mixed* RESTRICT energyBuffer", cc.getEnergyBuffer());
    arguments.add("GLOBAL const real4* RESTRICT posq", cc.getPosq());
    arguments.add("GLOBAL const int2* RESTRICT exceptionAtoms", atoms);
    arguments.add("GLOBAL const real* RESTRICT exceptionFactors", factors);
    boxArgument = arguments.addLater("real4 periodicBoxSize");
    for (string name : {"invPeriodicBoxSize", "periodicBoxVecX", "periodicBoxVecY", "periodicBoxVecZ"})
        arguments.addLater("real4 " + name);
    addPairArguments(arguments, cc, pair);
    kernel = cc.compileProgram(createText(), defines)->createKernel("computeLearnedExceptions");
    arguments.bind(kernel);
    isInitialized = true;
}

void ExceptionsKernel::upload(const LearnedPairForce& force) {
    vector<mm_int2> pairs;
    vector<double> values;
    for (int i = 0; i < numExceptions; i++) {
        int particle1, particle2;
        double factor;
        force.getExceptionParameters(i, particle1, particle2, factor);
        pairs.push_back(mm_int2(particle1, particle2));
        values.push_back(factor);
    }
    atoms.upload(pairs);
    factors.upload(values, true);
}

string ExceptionsKernel::createText() const {
    std::stringstream get;
    for (auto& parameter : pair.parameters)
        for (string k : {"1", "2"})
            get << "const " << parameter.getType() << " " << parameter.getName() << k << " = global_"
                << parameter.getName() << "[atom" << k << "];\n";
    const DerivativeText derivatives = createDerivativeText(cc, pair);
    return fillHoles(cc, CommonLearnedPairKernelSources::exceptions,
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
    const int maxThreads = (int) cc.getEnergyBuffer().getSize() / GroupSize * GroupSize;
    const int needed = (numExceptions + GroupSize - 1) / GroupSize * GroupSize;
    kernel->execute(std::min(needed, maxThreads), GroupSize);
}
