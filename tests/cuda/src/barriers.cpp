// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* The places are recognized by their text, in OpenMM 8.6. They were found by reading the kernels, with
 * EMULATE_ORDER=reverse and with EMULATE_RACES=1. All lanes of the warp pass through each place. */
#include "barriers.h"
using std::string;

static void replaceAll(string& source, const string& from, const string& to) {
    for (size_t p = source.find(from); p != string::npos; p = source.find(from, p + to.size()))
        source.replace(p, from.size(), to);
}

string addBarriers(string source) {
    static const char* const replacements[][2] = {
        // findInteractingBlocks.cu: the exclusions and positions of block x, loaded by all lanes
        {"if (MAX_EXCLUSIONS > 32)\n            __syncthreads();",
            "__syncwarp(); if (MAX_EXCLUSIONS > 32)\n            __syncthreads();"},
        // the buffer of neighbors, filled by all lanes: before its pairs are counted, after compaction, and before it
        // is stored
        {"// Record interactions that should be computed as single pairs rather than in blocks.", "__syncwarp();"},
        {"return numCompacted;", "__syncwarp(); return numCompacted;"},
        {"unsigned int tilesToStore = ", "__syncwarp(); unsigned int tilesToStore = "},
        // lane 0 reserves space for all lanes
        {"unsigned int newTileStartIndex = tileStartIndex;",
            "__syncwarp(); unsigned int newTileStartIndex = tileStartIndex;"},
        // nonbonded.cu and others, without a neighbor list: the next 32 tiles to skip, loaded by all lanes
        {"while (skipTiles[tbx+TILE_SIZE-1] < pos) {",
            "__syncwarp(); while (skipTiles[tbx+TILE_SIZE-1] < pos) { __syncwarp();"},
        {"            currentSkipIndex = tbx;\n        }",
            "            currentSkipIndex = tbx; __syncwarp();\n        }"},
    };
    for (auto& r : replacements)
        replaceAll(source, r[0], r[1]);
    // Tiles whose lanes rotate atoms through shared memory, and read their own atom again after the loop. (Shuffles, if
    // the kernel uses them instead, are barriers already.)
    const string turn = "tj = (tj + 1) & (TILE_SIZE - 1);", turnAndWait = turn + " __syncwarp();";
    for (size_t p = source.find(turn); p != string::npos; p = source.find(turn, p + turnAndWait.size()))
        if (source.substr(p < 100 ? 0 : p - 100, 100).find("shfl(") == string::npos)
            source.replace(p, turn.size(), turnAndWait);
    return source;
}
