/**
 * The exceptions of a LearnedPairForce whose function is an EnvironmentFunction: pairs whose densities have a factor.
 * In the first kernel a thread adds the densities at one atom of a pair, in the second one the forces on both; see
 * exceptions.cc for the indices of atoms.
 */
KERNEL void addLearnedExceptionDensities(LP_HOLE_DENSITY_ARGUMENTS) {
    for (int index = GLOBAL_ID; index < 2*LP_NUM_EXCEPTIONS; index += GLOBAL_SIZE) {
        const int2 atoms = exceptionAtoms[index/2];
        const int lpAtom1 = (index%2 == 0 ? atoms.x : atoms.y), lpAtom2 = atoms.x+atoms.y-lpAtom1;
        const real factor = exceptionFactors[index/2];
        LP_HOLE_PAIR
        LP_HOLE_CHUNKS
    }
}

KERNEL void addLearnedExceptionForces(LP_HOLE_FORCE_ARGUMENTS) {
    for (int index = GLOBAL_ID; index < LP_NUM_EXCEPTIONS; index += GLOBAL_SIZE) {
        const int lpAtom1 = exceptionAtoms[index].x, lpAtom2 = exceptionAtoms[index].y;
        const real factor = exceptionFactors[index];
        LP_HOLE_PAIR
        LP_HOLE_FORCE
        const real3 force = lpForce*(LP_SCALE*factor);
        lpAddForce(forceBuffers, lpAtom1, force);
        lpAddForce(forceBuffers, lpAtom2, -force);
    }
}
