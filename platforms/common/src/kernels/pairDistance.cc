/* The distance of a pair: see pairEnergy.cc for the names. */
const real lpInvR = (r2 > 0 ? invR : 0); // no force on two particles in the same place: it has no direction
const real lpR = r2*lpInvR;
const real lpRClamped = (lpR > LP_INNER_CUTOFF ? lpR : LP_INNER_CUTOFF);
const real lpRBelowInner = lpR-lpRClamped; // negative below the inner cutoff, else 0
