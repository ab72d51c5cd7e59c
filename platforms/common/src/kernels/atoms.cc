/**
 * Evaluate the atoms of a LearnedPairForce whose function is an EnvironmentFunction: the energy of each atom, and the
 * derivatives of the energy by the sums over its neighbors. The sums are set to zero for the next evaluation.
 */
DEVICE real lpGetSum(GLOBAL const mm_ulong* RESTRICT sums, GLOBAL const real* RESTRICT scales, int place, int atom) {
    return ((real) (mm_long) sums[place*PADDED_NUM_ATOMS+atom])/scales[place];
}

/** Get the density of a channel from its sums. */
DEVICE real lpGetDensity(GLOBAL const mm_ulong* RESTRICT sums, GLOBAL const real* RESTRICT scales, int numComponents,
        int place, int step, int atom) {
    if (numComponents == 1)
        return lpGetSum(sums, scales, place, atom);
    real density = 0;
    for (int m = 0; m < numComponents; m++) {
        const real sum = lpGetSum(sums, scales, place+m*step, atom);
        density += sum*sum;
    }
    return density;
}

/** Set the derivatives of the energy by the sums of a channel from that by its density, and clear the sums. */
DEVICE void lpSetGradient(GLOBAL mm_ulong* RESTRICT sums, GLOBAL const real* RESTRICT scales,
        GLOBAL real* RESTRICT gradients, int numComponents, int place, int step, int atom, real gradient) {
    for (int m = 0; m < numComponents; m++) {
        const int component = place+m*step;
        gradients[atom*LP_STRIDE+component] =
                (numComponents == 1 ? gradient : 2*gradient*lpGetSum(sums, scales, component, atom));
        sums[component*PADDED_NUM_ATOMS+atom] = 0;
    }
}

KERNEL void evaluateLearnedAtoms(LP_HOLE_ARGUMENTS) {
    mixed energy = 0;
    LP_HOLE_DECLARE_DERIVATIVES
    for (int atom = GLOBAL_ID; atom < NUM_ATOMS; atom += GLOBAL_SIZE) {
        if (types[atom] < 0) // not covered
            continue;
        const real lpType = types[atom];
        real lpDensities[LP_NUM_CHANNELS];
        LP_HOLE_GET_DENSITIES
        LP_HOLE_PROGRAM
        LP_HOLE_SET_GRADIENTS
        energy += LP_SCALE*lpOutput0;
        LP_HOLE_ADD_DERIVATIVES
    }
    energyBuffer[GLOBAL_ID] += energy;
    LP_HOLE_SAVE_DERIVATIVES
}
