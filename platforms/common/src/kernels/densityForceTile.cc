// Add up the forces on the atoms of a tile that come from their densities. The threads evaluate 32 pairs of the
// compacted list at a time.

LP_HOLE_COMPACT
for (int index = lane; index < numPairs; index += TILE_SIZE) {
    LP_HOLE_LOAD_PAIR
    const int lpAtom1 = block*TILE_SIZE+place1, lpAtom2 = atoms2[place2];
    LP_HOLE_FORCE
    const int pair = place1*(TILE_SIZE+1)+place2;
    forces[pair] = LP_SCALE*lpForce.x;
    forces[pair+TILE_SIZE*(TILE_SIZE+1)] = LP_SCALE*lpForce.y;
    forces[pair+2*TILE_SIZE*(TILE_SIZE+1)] = LP_SCALE*lpForce.z;
}
LP_SYNC_WARP
real3 force1 = make_real3(0), force2 = make_real3(0);
for (unsigned int rest = mask; rest != 0; rest &= rest-1) { // for each bit that is set
    const int pair = lane*(TILE_SIZE+1)+LP_LOWEST_BIT(rest);
    force1 += make_real3(forces[pair], forces[pair+TILE_SIZE*(TILE_SIZE+1)], forces[pair+2*TILE_SIZE*(TILE_SIZE+1)]);
}
if (mask != 0)
    lpAddForce(forceBuffers, atom1, force1);
const unsigned int mask2 = lpTranspose(inRange, lane);
for (unsigned int rest = mask2; rest != 0; rest &= rest-1) {
    const int pair = LP_LOWEST_BIT(rest)*(TILE_SIZE+1)+lane;
    force2 -= make_real3(forces[pair], forces[pair+TILE_SIZE*(TILE_SIZE+1)], forces[pair+2*TILE_SIZE*(TILE_SIZE+1)]);
}
if (mask2 != 0)
    lpAddForce(forceBuffers, atom2, force2);
