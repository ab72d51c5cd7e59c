// Add up some of the numbers of an atom: as many as fit into the registers of a thread.
{
    LP_HOLE_DECLARE_SUMS
    for (unsigned int rest = neighbors; rest != 0; rest &= rest-1) { // each bit that is set
        const int place = LP_LOWEST_BIT(rest);
        const int lpClass2 = nearbyClasses[place];
        real3 delta = nearby[place]-position;
        LP_APPLY_PERIODIC
        const real r2 = delta.x*delta.x+delta.y*delta.y+delta.z*delta.z;
        const real invR = RSQRT(r2);
        LP_HOLE_DISTANCE
        LP_HOLE_ADD_DENSITIES
    }
    LP_HOLE_SAVE_SUMS
}
