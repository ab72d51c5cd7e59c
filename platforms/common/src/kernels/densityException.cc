// Load the pair lpAtom1 and lpAtom2 of an exception; go on to the next one if it does not contribute.
const int lpClass1 = classes[lpAtom1], lpClass2 = classes[lpAtom2];
real3 delta = trimTo3(posq[lpAtom2])-trimTo3(posq[lpAtom1]);
LP_APPLY_PERIODIC
const real r2 = delta.x*delta.x+delta.y*delta.y+delta.z*delta.z;
if (factor == 0 || r2 >= LP_CUTOFF_SQUARED)
    continue;
const real invR = RSQRT(r2);
LP_HOLE_DISTANCE
