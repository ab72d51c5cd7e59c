/**
 * Evaluate the exceptions of a LearnedPairForce: pairs with a factor of their own. A thread evaluates one pair at a
 * time. The atoms of a pair need no translation when OpenMM sorts molecules: it exchanges identical molecules only, and
 * the exceptions are part of them.
 */
KERNEL void computeLearnedExceptions(LP_HOLE_ARGUMENTS) {
    mixed energy = 0;
    LP_HOLE_DECLARE_DERIVATIVES
    for (int index = GLOBAL_ID; index < LP_NUM_EXCEPTIONS; index += GLOBAL_SIZE) {
        const int atom1 = exceptionAtoms[index].x, atom2 = exceptionAtoms[index].y;
        LP_HOLE_GET_PARAMETERS
        real3 delta = trimTo3(posq[atom2])-trimTo3(posq[atom1]);
        LP_APPLY_PERIODIC
        const real r2 = delta.x*delta.x+delta.y*delta.y+delta.z*delta.z;
        if (LP_HOLE_CONDITION) {
            const real invR = RSQRT(r2);
            LP_HOLE_DISTANCE
            const real interactionScale = exceptionFactors[index];
            real dEdR = 0, tempEnergy = 0;
            LP_HOLE_PROGRAM
            LP_HOLE_ENERGY
            energy += interactionScale*tempEnergy;
            const real3 force = delta*(interactionScale*dEdR); // on the second atom
            lpAddForce(forceBuffers, atom1, -force);
            lpAddForce(forceBuffers, atom2, force);
        }
    }
    energyBuffer[GLOBAL_ID] += energy;
    LP_HOLE_SAVE_DERIVATIVES
}
