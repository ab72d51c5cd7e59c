// Evaluate a LearnedPairForce for the pairs of a tile. The threads evaluate 32 pairs of the compacted list at a time:
// some are idle in the last round only, however few of the 1024 pairs are in range.

LP_HOLE_COMPACT
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

real3 force1 = make_real3(0), force2 = make_real3(0);
for (unsigned int rest = inRange[lane]; rest != 0; rest &= rest-1) { // for each bit that is set
    const int j = LP_LOWEST_BIT(rest);
    real3 delta = positions2[j]-positions1[lane];
    LP_APPLY_PERIODIC
    force1 -= delta*forcesOverR[lane*(TILE_SIZE+1)+j];
}
if (inRange[lane] != 0)
    lpAddForce(forceBuffers, atom1, force1);
const unsigned int mask2 = lpTranspose(inRange, lane);
for (unsigned int rest = mask2; rest != 0; rest &= rest-1) {
    const int i = LP_LOWEST_BIT(rest);
    real3 delta = positions2[lane]-positions1[i];
    LP_APPLY_PERIODIC
    force2 += delta*forcesOverR[i*(TILE_SIZE+1)+lane];
}
if (mask2 != 0)
    lpAddForce(forceBuffers, atoms2[lane], force2);
