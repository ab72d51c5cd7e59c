// Add up the forces on the atoms of a tile that come from their densities. The threads evaluate 32 pairs of the
// compacted list at a time. A central force is stored as its quotient by the displacement, any other one as a vector.

LP_HOLE_COMPACT
for (int index = lane; index < numPairs; index += TILE_SIZE) {
    LP_HOLE_LOAD_PAIR
    const int lpAtom1 = block*TILE_SIZE+place1, lpAtom2 = atoms2[place2];
    LP_HOLE_FORCE
    const int pair = place1*(TILE_SIZE+1)+place2;
#if LP_CENTRAL
    forces[pair] = LP_SCALE*lpInvR*(lpForce.x*lpN.x+lpForce.y*lpN.y+lpForce.z*lpN.z);
#else
    forces[pair] = LP_SCALE*lpForce.x;
    forces[pair+TILE_SIZE*(TILE_SIZE+1)] = LP_SCALE*lpForce.y;
    forces[pair+2*TILE_SIZE*(TILE_SIZE+1)] = LP_SCALE*lpForce.z;
#endif
}
LP_SYNC_WARP
const unsigned int mask2 = lpTranspose(inRange, lane);
for (int side = 0; side < 2; side++) {
    const unsigned int others = (side == 0 ? mask : mask2);
    real3 force = make_real3(0);
    for (unsigned int rest = others; rest != 0; rest &= rest-1) { // for each bit that is set
        const int place1 = (side == 0 ? lane : LP_LOWEST_BIT(rest)), place2 = (side == 0 ? LP_LOWEST_BIT(rest) : lane);
        const int pair = place1*(TILE_SIZE+1)+place2;
#if LP_CENTRAL
        real3 delta = positions2[place2]-positions1[place1];
        LP_APPLY_PERIODIC
        force += delta*forces[pair];
#else
        force += make_real3(
            forces[pair], forces[pair+TILE_SIZE*(TILE_SIZE+1)], forces[pair+2*TILE_SIZE*(TILE_SIZE+1)]);
#endif
    }
    if (others != 0)
        lpAddForce(forceBuffers, side == 0 ? atom1 : atom2, side == 0 ? force : -force);
}
