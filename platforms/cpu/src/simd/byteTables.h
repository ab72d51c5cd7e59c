// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// Tables for instructions that permute the bytes of a vector of four numbers: see vectorSse4.h and vectorNeon.h.
#pragma once

namespace {

/** For each set of lanes, the indices of their bytes, side by side. */
struct CompressTable {
    constexpr CompressTable() : bytes() {
        for (int bits = 0; bits < 16; bits++)
            for (int k = 0, count = 0; k < 4; k++)
                if (bits >> k & 1)
                    for (int byte = 0; byte < 4; byte++)
                        bytes[bits][count++] = (char) (4 * k + byte);
    }
    alignas(16) char bytes[16][16];
};
constexpr CompressTable compressTable;

/** For each set of lanes, the places of the bytes of each lane; -1, which gives 0, for lanes that are not in it. */
struct ExpandTable {
    constexpr ExpandTable() : bytes() {
        for (int bits = 0; bits < 16; bits++)
            for (int k = 0, count = 0; k < 4; k++) {
                for (int byte = 0; byte < 4; byte++)
                    bytes[bits][4 * k + byte] = (char) (bits >> k & 1 ? 4 * count + byte : -1);
                count += bits >> k & 1;
            }
    }
    alignas(16) char bytes[16][16];
};
constexpr ExpandTable expandTable;

} // namespace
