/* The distance of a pair: see pairEnergy.cc for the names. */
const real lpInvR = (r2 > 0 ? invR : 0); // two particles in one place have no direction to push each other
const real lpR = r2*lpInvR;
const real lpRClamped = (lpR > LP_INNER_CUTOFF ? lpR : LP_INNER_CUTOFF);
const real lpRBelowInner = lpR-lpRClamped; // not 0 below the inner cutoff, where the function is a Taylor expansion
