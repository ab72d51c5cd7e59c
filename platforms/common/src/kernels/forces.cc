/** Add a force to that of an atom, in fixed point, so that the result does not depend on the order. */
DEVICE void lpAddForce(GLOBAL mm_ulong* RESTRICT forceBuffers, int atom, real3 force) {
    ATOMIC_ADD(&forceBuffers[atom], (mm_ulong) realToFixedPoint(force.x));
    ATOMIC_ADD(&forceBuffers[atom+PADDED_NUM_ATOMS], (mm_ulong) realToFixedPoint(force.y));
    ATOMIC_ADD(&forceBuffers[atom+2*PADDED_NUM_ATOMS], (mm_ulong) realToFixedPoint(force.z));
}
