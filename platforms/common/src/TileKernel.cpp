// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "TileKernel.h"
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
using std::stringstream;

// The local memory of a thread block on CUDA, in bytes, and what kernels/tiles.cc needs for a warp in single and in
// double precision. On OpenCL a thread block has one warp.
static const double LocalMemory = 48 * 1024, TileBytes = 2048, TileBytesInDouble = 3584;

TileKernel::TileKernel(ComputeContext& cc, NonbondedUtilities& list, double cutoff, const WarpTraits& traits,
        const TileText& text, const KernelArguments& given) :
        cc(cc),
        list(list),
        traits(traits),
        arguments(given),
        maxTiles(list.getInteractingTiles().getSize()),
        savedMasks(text.savedMasks) {
    const int numWarps = findNumWarps(text);
    groupSize = numWarps * ComputeContext::TileSize;
    const int numExclusionTiles = list.getExclusionTiles().getSize();
    map<string, string> defines;
    defines["LP_NAME"] = text.name;
    defines["NUM_ATOMS"] = cc.intToString(cc.getNumAtoms());
    defines["PADDED_NUM_ATOMS"] = cc.intToString(cc.getPaddedNumAtoms());
    defines["TILE_SIZE"] = cc.intToString(ComputeContext::TileSize);
    defines["LP_WARPS"] = cc.intToString(numWarps);
    defines["LP_SYNC_WARP"] = traits.syncWarp;
    defines["LP_LOWEST_BIT(x)"] = traits.lowestBit;
    defines["LP_COUNT_BITS(x)"] = traits.countBits;
    defines["LP_TRICLINIC"] = (cc.getBoxIsTriclinic() ? "1" : "0");
    defines["LP_HAS_CONDITION"] = (text.condition.empty() ? "0" : "1");
    defines["LP_SAVE_MASKS"] = (text.masks == TileMasks::Save ? "1" : "0");
    defines["LP_LOAD_MASKS"] = (text.masks == TileMasks::Load ? "1" : "0");
    defines["LP_CUTOFF_SQUARED"] = cc.doubleToString(cutoff * cutoff);
    defines["LP_APPLY_PERIODIC"] = (list.getUsePeriodic() ? "APPLY_PERIODIC_TO_DELTA(delta)" : "");
    defines["LP_FIRST_EXCLUSION_TILE"] = cc.intToString(cc.getContextIndex() * numExclusionTiles / cc.getNumContexts());
    defines["LP_LAST_EXCLUSION_TILE"] =
            cc.intToString((cc.getContextIndex() + 1) * numExclusionTiles / cc.getNumContexts());
    addArguments();
    kernel = cc.compileProgram(createText(text), defines)->createKernel(text.name);
    numTaken.initialize<unsigned int>(cc, 1, "learnedPairNumTaken");
    cc.clearBuffer(numTaken);
    arguments.bind(kernel);
    // Register the buffer last: OpenMM keeps a pointer to it and clears it in every evaluation. If something above
    // throws, the pointer would dangle.
    cc.addAutoclearBuffer(numTaken);
}

/** Find how many warps a thread block has: no more than its local memory is large enough for. */
int TileKernel::findNumWarps(const TileText& text) const {
    const int wanted = (cc.getUseDoublePrecision() ? traits.warpsPerGroup / 2 : traits.warpsPerGroup);
    const double bytes = (cc.getUseDoublePrecision() ? TileBytesInDouble : TileBytes) + text.localBytes;
    return std::max(1, std::min(wanted, (int) (LocalMemory / bytes)));
}

void TileKernel::addArguments() {
    arguments.add("GLOBAL const real4* RESTRICT posq", cc.getPosq());
    arguments.add("GLOBAL const unsigned int* RESTRICT exclusions", list.getExclusions());
    arguments.add("GLOBAL const int2* RESTRICT exclusionTiles", list.getExclusionTiles());
    tilesArgument = arguments.add("GLOBAL const int* RESTRICT tiles", list.getInteractingTiles());
    arguments.add("GLOBAL const unsigned int* RESTRICT interactionCount", list.getInteractionCount());
    maxTilesArgument = arguments.add("unsigned int maxTiles", (unsigned int) maxTiles);
    interactingAtomsArgument = arguments.add("GLOBAL const int* RESTRICT interactingAtoms", list.getInteractingAtoms());
    arguments.add("GLOBAL unsigned int* RESTRICT numTaken", numTaken);
    if (savedMasks != nullptr) {
        resizeMasks();
        masksArgument = arguments.add("GLOBAL unsigned int* RESTRICT masks", *savedMasks);
    }
    boxArgument = addBoxArguments(arguments);
}

/** Make room for the masks of all tiles that the list can have. */
void TileKernel::resizeMasks() {
    const size_t size = (list.getExclusionTiles().getSize() + maxTiles) * ComputeContext::TileSize;
    if (!savedMasks->isInitialized())
        savedMasks->initialize<unsigned int>(cc, size, "learnedPairMasks");
    else if (savedMasks->getSize() != size)
        savedMasks->resize(size);
}

/** Fill the holes of kernels/tiles.cc. */
string TileKernel::createText(const TileText& text) const {
    stringstream declare, load, get;
    for (auto& parameter : text.parameters)
        for (string k : {"1", "2"}) {
            string name = parameter.getName() + k, local = "local_" + name;
            declare << "LOCAL " << parameter.getType() << " " << local << "[LP_WARPS][TILE_SIZE];\n";
            load << (k == "1" ? "" : "if (atom2 < NUM_ATOMS)\n") << local << "[warp][lane] = global_"
                 << parameter.getName() << "[atom" << k << "];\n";
            get << "const " << parameter.getType() << " " << name << " = " << local << "[warp][place" << k << "];\n";
        }
    return text.functions +
            fillHoles(cc, CommonLearnedPairKernelSources::tiles,
                    {{{"LP_HOLE_LOCAL", text.local}, {"LP_HOLE_BEGIN", text.begin}, {"LP_HOLE_TILE", text.tile},
                         {"LP_HOLE_END", text.end},
                         {"LP_HOLE_PERIODIC",
                             list.getUsePeriodic() ? CommonLearnedPairKernelSources::periodicScalars : ""}},
                        {{"LP_HOLE_ARGUMENTS", arguments.declare()}, {"LP_HOLE_PARAMETERS", declare.str()},
                            {"LP_HOLE_LOAD_PARAMETERS", load.str()}, {"LP_HOLE_GET_PARAMETERS", get.str()},
                            {"LP_HOLE_CONDITION", text.condition.empty() ? "true" : text.condition}}});
}

void TileKernel::execute() {
    if (list.getInteractingTiles().getSize() != maxTiles) { // OpenMM has enlarged the list
        maxTiles = list.getInteractingTiles().getSize();
        kernel->setArg(tilesArgument, list.getInteractingTiles());
        kernel->setArg(maxTilesArgument, (unsigned int) maxTiles);
        kernel->setArg(interactingAtomsArgument, list.getInteractingAtoms());
        if (savedMasks != nullptr) {
            resizeMasks();
            kernel->setArg(masksArgument, *savedMasks);
        }
    }
    setPeriodicBoxArgs(cc, kernel, boxArgument);
    int maxThreads =
            std::min(cc.getNumThreadBlocks() * groupSize, (int) cc.getEnergyBuffer().getSize() / groupSize * groupSize);
    kernel->execute(maxThreads, groupSize);
}
