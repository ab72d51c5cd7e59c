/**
 * Evaluate a LearnedPairForce tile by tile. A tile of the neighbor list is 32 atoms of a block with up to 32 others.
 * A warp of 32 threads works on one tile at a time, in four steps:
 *
 *   1. each thread finds which of the others are in range of its atom of the block;
 *   2. stream compaction: the pairs in range of all threads are written into one list without gaps;
 *   3. the threads evaluate the function for 32 pairs of the list at a time: some are idle in the last round only,
 *      however few of the 1024 pairs are in range;
 *   4. each thread adds up the forces on its atom of the block, then those on one of the others.
 *
 * Warps fetch tiles dynamically, since the number of pairs in range varies between tiles. Forces are accumulated in
 * fixed point, so that the result does not depend on the order.
 */
KERNEL void computeLearnedPairs(LP_HOLE_ARGUMENTS) {
    LOCAL unsigned int allTiles[LP_WARPS];
    LOCAL real3 allPositions1[LP_WARPS][TILE_SIZE], allPositions2[LP_WARPS][TILE_SIZE];
    LOCAL int allAtoms2[LP_WARPS][TILE_SIZE];
    LOCAL unsigned int allInRange[LP_WARPS][TILE_SIZE]; // bit j: whether the pair with other atom j is in the list
    LOCAL int allCounts[LP_WARPS][TILE_SIZE];
    LOCAL unsigned short allPairs[LP_WARPS][TILE_SIZE*TILE_SIZE]; // TILE_SIZE*place1 + place2
    LOCAL real allForcesOverR[LP_WARPS][TILE_SIZE*(TILE_SIZE+1)]; // one more column, to avoid bank conflicts
    LP_HOLE_PARAMETERS
    // A constant where a group has one warp: Intel's OpenCL compiler for CPUs (2024.2 to 2026.2) compiles
    // a[(int) (LOCAL_ID/32)] as a[LOCAL_ID].
    const int warp = (LP_WARPS == 1 ? 0 : LOCAL_ID/TILE_SIZE), lane = LOCAL_ID%TILE_SIZE;
    LOCAL_ARG real3 *positions1 = allPositions1[warp], *positions2 = allPositions2[warp];
    LOCAL_ARG int *atoms2 = allAtoms2[warp], *counts = allCounts[warp];
    LOCAL_ARG unsigned int* inRange = allInRange[warp];
    LOCAL_ARG unsigned short* pairs = allPairs[warp];
    LOCAL_ARG real* forcesOverR = allForcesOverR[warp];
    mixed energy = 0;
    LP_HOLE_DECLARE_DERIVATIVES
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
        if (atom2 < NUM_ATOMS)
            positions2[lane] = trimTo3(posq[atom2]);
        LP_HOLE_LOAD_PARAMETERS
        LP_SYNC_WARP

        // Find the pairs.

        unsigned int mask = 0;
        int count = 0;
        if (atom1 < NUM_ATOMS)
            for (int j = 0; j < TILE_SIZE; j++) {
                real3 delta = positions2[j]-position1;
                LP_APPLY_PERIODIC
                const real r2 = delta.x*delta.x+delta.y*delta.y+delta.z*delta.z;
                if (r2 < LP_CUTOFF_SQUARED && ((allowed >> j) & 1) && atoms2[j] < NUM_ATOMS) {
                    const int place1 = lane, place2 = j;
                    LP_HOLE_GET_PARAMETERS
                    if (LP_HOLE_CONDITION) {
                        mask |= 1u << j;
                        count++;
                    }
                }
            }
        inRange[lane] = mask;
        counts[lane] = count;
        LP_SYNC_WARP

        // Compact them into a list.

        int next = 0, numPairs = 0;
        for (int i = 0; i < TILE_SIZE; i++) {
            next += (i < lane ? counts[i] : 0);
            numPairs += counts[i];
        }
        for (int j = 0; j < TILE_SIZE; j++)
            if ((mask >> j) & 1)
                pairs[next++] = lane*TILE_SIZE+j;
        LP_SYNC_WARP

        // Evaluate them.

#if LP_TENSOR_CORES
        // The whole warp evaluates 16 pairs at a time; four threads share two of them (see TensorCorePrinter.h).
        const int lpLane = lane, lpQuad = lane%4;
        for (int first = 0; first < numPairs; first += 16) {
            real lpRClampedPair[2];
            LP_HOLE_DECLARE_INPUTS
            #pragma unroll
            for (int lpP = 0; lpP < 2; lpP++) {
                const int index = min(first+lane/4+8*lpP, numPairs-1);
                LP_HOLE_LOAD_PAIR
                lpRClampedPair[lpP] = lpRClamped;
                LP_HOLE_SET_INPUTS
            }
            LP_SYNC_WARP
            LP_HOLE_PROGRAM
            #pragma unroll
            for (int lpP = 0; lpP < 2; lpP++) {
                const int index = min(first+lane/4+8*lpP, numPairs-1);
                LP_HOLE_LOAD_PAIR
                const bool isMine = (lane%4 == 0 && first+lane/4+8*lpP < numPairs);
                const real interactionScale = (isMine ? 1 : 0);
                real dEdR = 0, tempEnergy = 0;
                LP_HOLE_GET_RESULTS
                LP_HOLE_ENERGY
                if (isMine) {
                    energy += tempEnergy;
                    forcesOverR[place1*(TILE_SIZE+1)+place2] = dEdR;
                }
            }
        }
#else
        for (int index = lane; index < numPairs; index += TILE_SIZE) {
            LP_HOLE_LOAD_PAIR
            const real interactionScale = 1;
            real dEdR = 0, tempEnergy = 0;
            LP_HOLE_PROGRAM
            LP_HOLE_GET_RESULTS
            LP_HOLE_ENERGY
            energy += tempEnergy;
            forcesOverR[place1*(TILE_SIZE+1)+place2] = dEdR;
        }
#endif
        LP_SYNC_WARP

        // Add up the forces. Positions are loaded again, to leave all registers to the function above.

        const unsigned int others = inRange[lane];
        if (others != 0) {
            const real3 position1 = positions1[lane];
            real3 force = make_real3(0);
            for (int j = 0; j < TILE_SIZE; j++)
                if ((others >> j) & 1) {
                    real3 delta = positions2[j]-position1;
                    LP_APPLY_PERIODIC
                    force -= delta*forcesOverR[lane*(TILE_SIZE+1)+j];
                }
            ATOMIC_ADD(&forceBuffers[atom1], (mm_ulong) realToFixedPoint(force.x));
            ATOMIC_ADD(&forceBuffers[atom1+PADDED_NUM_ATOMS], (mm_ulong) realToFixedPoint(force.y));
            ATOMIC_ADD(&forceBuffers[atom1+2*PADDED_NUM_ATOMS], (mm_ulong) realToFixedPoint(force.z));
        }
        bool isInRange = false;
        const real3 position2 = positions2[lane];
        real3 force = make_real3(0);
        for (int i = 0; i < TILE_SIZE; i++)
            if ((inRange[i] >> lane) & 1) {
                real3 delta = position2-positions1[i];
                LP_APPLY_PERIODIC
                force += delta*forcesOverR[i*(TILE_SIZE+1)+lane];
                isInRange = true;
            }
        if (isInRange) {
            const int atom = atoms2[lane];
            ATOMIC_ADD(&forceBuffers[atom], (mm_ulong) realToFixedPoint(force.x));
            ATOMIC_ADD(&forceBuffers[atom+PADDED_NUM_ATOMS], (mm_ulong) realToFixedPoint(force.y));
            ATOMIC_ADD(&forceBuffers[atom+2*PADDED_NUM_ATOMS], (mm_ulong) realToFixedPoint(force.z));
        }
    }
    energyBuffer[GLOBAL_ID] += energy;
    LP_HOLE_SAVE_DERIVATIVES
}
