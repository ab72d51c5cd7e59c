// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "DensityExceptionsKernels.h"
#include "CommonLearnedPairKernelSources.h"
#include "DensityText.h"
#include "KernelText.h"
#include "openmm/common/CommonKernelUtilities.h"
#include <map>

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::string;

DensityExceptionsKernels::DensityExceptionsKernels(ComputeContext& cc, const LearnedPairForce& force) :
        cc(cc),
        exceptions(cc, force) {}

void DensityExceptionsKernels::createKernels(const LearnedPairForce& force, CommonDensityTables& tables) {
    if (densityKernel != nullptr)
        return;
    const DensityText text(cc, force, tables);
    std::map<string, string> defines;
    defines["PADDED_NUM_ATOMS"] = cc.intToString(cc.getPaddedNumAtoms());
    defines["LP_NUM_EXCEPTIONS"] = cc.intToString(exceptions.getCount());
    defines["LP_APPLY_PERIODIC"] = (force.usesPeriodicBoundaryConditions() ? "APPLY_PERIODIC_TO_DELTA(delta)" : "");
    defines["LP_CUTOFF_SQUARED"] = cc.doubleToString(force.getCutoffDistance() * force.getCutoffDistance());
    string chunks;
    for (auto& chunk : text.chunks)
        chunks += "{\n" + chunk.declare + chunk.add + chunk.save + "}\n";
    for (KernelArguments* arguments : {&densityArguments, &forceArguments}) {
        exceptions.addArguments(*arguments);
        arguments->add("GLOBAL const int* RESTRICT classes", tables.getClasses());
        tables.addTables(*arguments);
    }
    tables.addSums(densityArguments);
    densityBox = addBoxArguments(densityArguments);
    tables.addGradients(forceArguments, "const real4");
    forceArguments.add("GLOBAL mm_ulong* RESTRICT forceBuffers", cc.getLongForceBuffer());
    addScaleArgument(forceArguments, cc, force, "lpParameters");
    forceBox = addBoxArguments(forceArguments);
    const string source = CommonLearnedPairKernelSources::forces + text.functions +
            fillHoles(cc, CommonLearnedPairKernelSources::densityExceptions,
                    {{{"LP_HOLE_DENSITY_ARGUMENTS", densityArguments.declare()},
                         {"LP_HOLE_FORCE_ARGUMENTS", forceArguments.declare()},
                         {"LP_HOLE_PAIR", CommonLearnedPairKernelSources::densityException}, {"LP_HOLE_CHUNKS", chunks},
                         {"LP_HOLE_FORCE", text.force}, {"LP_SCALE", createScaleText(cc, force, "lpParameters")}},
                        {{"LP_HOLE_DISTANCE", createDistanceText(cc, force)}, {"LP_FACTOR", "*factor"}}});
    ComputeProgram program = cc.compileProgram(source, defines);
    forceKernel = program->createKernel("addLearnedExceptionForces");
    forceArguments.bind(forceKernel);
    densityKernel = program->createKernel("addLearnedExceptionDensities");
    densityArguments.bind(densityKernel);
}

void DensityExceptionsKernels::addDensities() {
    setPeriodicBoxArgs(cc, densityKernel, densityBox);
    densityKernel->execute(exceptions.findNumThreads(2), ExceptionPairs::GroupSize);
}

void DensityExceptionsKernels::addForces() {
    setPeriodicBoxArgs(cc, forceKernel, forceBox);
    forceKernel->execute(exceptions.findNumThreads(1), ExceptionPairs::GroupSize);
}
