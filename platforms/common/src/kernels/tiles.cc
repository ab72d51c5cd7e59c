/** For an atom outside of the block, find those in the block with which its pair counts: bit i stands for atom i. */
DEVICE unsigned int lpTranspose(LOCAL_ARG const unsigned int* inRange, int lane) {
    unsigned int result = 0;
    for (int i = 0; i < TILE_SIZE; i++)
        result |= ((inRange[i] >> lane) & 1) << i;
    return result;
}

/**
 * A kernel that works on a neighbor list tile by tile. A tile is 32 atoms of a block with up to 32 others. A warp of 32
 * threads works on one tile at a time. Each thread first finds which of the others are in range of its atom of the
 * block, or loads what another kernel has found; then follows the piece of a particular kernel, which uses
 *
 *   warp, lane             the number of the warp in its group, and that of the thread in its warp
 *   block                  the number of the block
 *   atom1, atom2           the atom of the block and the other atom that belong to this thread
 *   atoms2                 all other atoms
 *   positions1, positions2 the positions of all atoms of the tile
 *   inRange                for each atom of the block a mask: bit j says that the pair with the other atom j counts
 *   mask                   the mask of this thread's atom of the block
 *   local_NAME1, local_NAME2[warp]    the parameters of the atoms of the block, and of the others
 *
 * The piece must synchronize the warp before it reads inRange.
 *
 * Warps fetch tiles dynamically, since the number of pairs in range varies between tiles.
 */
KERNEL void LP_NAME(LP_HOLE_ARGUMENTS) {
    LOCAL unsigned int allTiles[LP_WARPS];
    LOCAL real3 allPositions1[LP_WARPS][TILE_SIZE], allPositions2[LP_WARPS][TILE_SIZE];
#if !LP_LOAD_MASKS
    LOCAL real allX2[LP_WARPS][TILE_SIZE], allY2[LP_WARPS][TILE_SIZE], allZ2[LP_WARPS][TILE_SIZE];
#endif
    LOCAL int allAtoms2[LP_WARPS][TILE_SIZE];
    LOCAL unsigned int allInRange[LP_WARPS][TILE_SIZE];
    LP_HOLE_PARAMETERS
    LP_HOLE_LOCAL
    // A constant where a group has one warp: Intel's OpenCL compiler for CPUs (2024.2 to 2026.2) compiles
    // a[(int) (LOCAL_ID/32)] as a[LOCAL_ID].
    const int warp = (LP_WARPS == 1 ? 0 : LOCAL_ID/TILE_SIZE), lane = LOCAL_ID%TILE_SIZE;
    LOCAL_ARG real3 *positions1 = allPositions1[warp], *positions2 = allPositions2[warp];
    LOCAL_ARG int *atoms2 = allAtoms2[warp];
    LOCAL_ARG unsigned int* inRange = allInRange[warp];
    LP_HOLE_BEGIN
    const int numExclusionTiles = LP_LAST_EXCLUSION_TILE-LP_FIRST_EXCLUSION_TILE;
    const unsigned int numListed = interactionCount[0];
    // If the tiles did not fit into the list, OpenMM enlarges it and repeats the evaluation.
    const int numTiles = numExclusionTiles+(numListed > maxTiles ? 0 : numListed);
    if (lane == 0)
        allTiles[warp] = ATOMIC_ADD(numTaken, 1u);
    LP_SYNC_WARP
    for (int tile = allTiles[warp]; tile < numTiles; tile = allTiles[warp]) {
        // Load the atoms.

        int block, atom2;
        unsigned int allowed = 0xFFFFFFFF;
        if (tile < numExclusionTiles) {
            const int2 blocks = exclusionTiles[LP_FIRST_EXCLUSION_TILE+tile];
            block = blocks.x;
            atom2 = blocks.y*TILE_SIZE+lane;
            allowed = exclusions[(LP_FIRST_EXCLUSION_TILE+tile)*TILE_SIZE+lane];
            if (blocks.x == blocks.y)
                allowed &= 0xFFFFFFFE << lane; // each pair once
        }
        else {
            block = tiles[tile-numExclusionTiles];
            atom2 = interactingAtoms[(tile-numExclusionTiles)*TILE_SIZE+lane];
        }
        const int atom1 = block*TILE_SIZE+lane;
        const real3 position1 = trimTo3(posq[atom1]);
        LP_SYNC_WARP
        if (lane == 0)
            allTiles[warp] = ATOMIC_ADD(numTaken, 1u);
        positions1[lane] = position1;
        atoms2[lane] = atom2;
        const real3 position2 = trimTo3(posq[atom2 < NUM_ATOMS ? atom2 : 0]);
        positions2[lane] = position2;
#if !LP_LOAD_MASKS
        allX2[warp][lane] = position2.x;
        allY2[warp][lane] = position2.y;
        allZ2[warp][lane] = position2.z;
#endif
        LP_HOLE_LOAD_PARAMETERS
        LP_SYNC_WARP

        // Find the pairs. The first loop has no branches and uses no vectors, so that compilers for CPUs vectorize it.

#if LP_LOAD_MASKS
        const unsigned int mask = masks[tile*TILE_SIZE+lane];
#else
        unsigned int mask = 0;
        for (int j = 0; j < TILE_SIZE; j++) {
            real dx = allX2[warp][j]-position1.x, dy = allY2[warp][j]-position1.y, dz = allZ2[warp][j]-position1.z;
            LP_HOLE_PERIODIC
            const bool isNear = (dx*dx+dy*dy+dz*dz < LP_CUTOFF_SQUARED);
            mask |= (isNear & (atoms2[j] < NUM_ATOMS) ? 1u << j : 0u);
        }
        mask = (atom1 < NUM_ATOMS ? mask & allowed : 0);
#if LP_HAS_CONDITION
        for (unsigned int rest = mask; rest != 0; rest &= rest-1) { // for each bit that is set
            const int place1 = lane, place2 = LP_LOWEST_BIT(rest);
            LP_HOLE_GET_PARAMETERS
            if (!(LP_HOLE_CONDITION))
                mask &= ~(1u << place2);
        }
#endif
#endif
#if LP_SAVE_MASKS
        masks[tile*TILE_SIZE+lane] = mask;
#endif
        inRange[lane] = mask;
        LP_HOLE_TILE
    }
    LP_HOLE_END
}
