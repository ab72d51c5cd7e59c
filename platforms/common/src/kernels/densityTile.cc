// Add up the densities of the pairs of a tile: each thread those at its atom of the block, then at its other atom.

LP_SYNC_WARP
const unsigned int mask2 = lpTranspose(inRange, lane);
for (int side = 0; side < 2; side++) {
    const unsigned int neighbors = (side == 0 ? mask : mask2);
    if (neighbors == 0)
        continue;
    const int lpAtom1 = (side == 0 ? atom1 : atom2);
    const int lpClass1 = (side == 0 ? local_lpClass1[warp][lane] : local_lpClass2[warp][lane]);
    const real3 position = (side == 0 ? positions1[lane] : positions2[lane]);
    LOCAL_ARG real3* nearby = (side == 0 ? positions2 : positions1);
    LOCAL_ARG int* nearbyClasses = (side == 0 ? local_lpClass2[warp] : local_lpClass1[warp]);
    LP_HOLE_CHUNKS
}
