// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "DensityKernels.h"
#include "CommonLearnedPairKernelSources.h"
#include "CompactedPairsKernel.h"
#include "DensityText.h"
#include "KernelText.h"

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::string;

DensityKernels::DensityKernels(
        ComputeContext& cc, const System& system, const LearnedPairForce& force, const WarpTraits& traits) :
        cc(cc),
        list(cc, system, traits),
        traits(traits),
        masks(std::make_shared<ComputeArray>()) {
    const bool hasExclusions = force.getUseDensityExclusions();
    list.addTiles(force, hasExclusions ? getExclusions(force) : std::vector<std::set<int>>(force.getNumParticles()),
            SharedKernelPlan(system, force));
}

void DensityKernels::createKernels(const LearnedPairForce& force, CommonDensityTables& tables) {
    if (!list.isInitialized())
        list.initialize();
    if (densityKernel == nullptr)
        densityKernel = createDensityKernel(force, tables);
    if (forceKernel == nullptr)
        forceKernel = createForceKernel(force, tables);
}

void DensityKernels::addDensities() {
    list.prepare();
    densityKernel->execute();
}

/**
 * Whether all particles interact with each other. Kernels then need not find the pairs that do. If an update changes
 * that, the other pairs read rows of zeros, and the text of the force skips them.
 */
static bool doAllInteract(const LearnedPairForce& force) {
    const InteractionClasses classes(force);
    const std::set<int> present(classes.particleClasses.begin(), classes.particleClasses.end());
    for (int class1 : present)
        for (int class2 : present)
            if (!classes.doInteract(class1, class2))
                return false;
    return true;
}

/** Make the text of a kernel that works on the pairs in range. */
static TileText makeText(const DensityText& text, CommonDensityTables& tables, const string& name, TileMasks masks,
        std::shared_ptr<ComputeArray> savedMasks) {
    TileText result;
    result.masks = masks;
    result.savedMasks = savedMasks;
    result.name = name;
    result.functions = text.functions;
    result.parameters.emplace_back(tables.getClasses(), "lpClass", "int", 1);
    return result;
}

/** Make the list of the arguments that both kernels need. */
static KernelArguments makeArguments(CommonDensityTables& tables) {
    KernelArguments arguments;
    arguments.add("GLOBAL const int* RESTRICT global_lpClass", tables.getClasses());
    tables.addTables(arguments);
    return arguments;
}

std::unique_ptr<TileKernel> DensityKernels::createDensityKernel(
        const LearnedPairForce& force, CommonDensityTables& tables) {
    const DensityText densities(cc, force, tables);
    string chunks;
    for (auto& chunk : densities.chunks)
        chunks += replaceHoles(cc, CommonLearnedPairKernelSources::densityChunk,
                {{{"LP_HOLE_DISTANCE", createDistanceText(cc, force)}, {"LP_HOLE_DECLARE_SUMS", chunk.declare},
                     {"LP_HOLE_ADD_DENSITIES", chunk.add}, {"LP_HOLE_SAVE_SUMS", chunk.save}},
                    {{"LP_FACTOR", ""}}});
    TileText text = makeText(densities, tables, "addLearnedDensities", TileMasks::Save, masks);
    if (!doAllInteract(force))
        text.condition = densities.condition;
    text.tile = replaceHoles(cc, CommonLearnedPairKernelSources::densityTile, {{{"LP_HOLE_CHUNKS", chunks}}});
    KernelArguments arguments = makeArguments(tables);
    tables.addSums(arguments);
    return std::make_unique<TileKernel>(cc, list.get(), force.getCutoffDistance(), traits, text, arguments);
}

std::unique_ptr<TileKernel> DensityKernels::createForceKernel(
        const LearnedPairForce& force, CommonDensityTables& tables) {
    const DensityText densities(cc, force, tables);
    TileText text = makeText(densities, tables, "addLearnedDensityForces", TileMasks::Load, masks);
    text.functions += CommonLearnedPairKernelSources::forces;
    addCompactedPairs(cc, text, "forces", densities.isCentral ? 1 : 3);
    text.tile = replaceHoles(cc, CommonLearnedPairKernelSources::densityForceTile,
            {{{"LP_HOLE_COMPACT", CommonLearnedPairKernelSources::compactPairs},
                 {"LP_HOLE_LOAD_PAIR", CommonLearnedPairKernelSources::compactedPair},
                 {"LP_HOLE_FORCE", densities.force}, {"LP_SCALE", createScaleText(cc, force, "lpParameters")},
                 {"LP_CENTRAL", densities.isCentral ? "1" : "0"}},
                {{"LP_HOLE_DISTANCE", createDistanceText(cc, force)}}});
    KernelArguments arguments = makeArguments(tables);
    tables.addGradients(arguments, "const real4");
    arguments.add("GLOBAL mm_ulong* RESTRICT forceBuffers", cc.getLongForceBuffer());
    addScaleArgument(arguments, cc, force, "lpParameters");
    return std::make_unique<TileKernel>(cc, list.get(), force.getCutoffDistance(), traits, text, arguments);
}
