/* One pair of a LearnedPairForce, given r2 and invR. The function and its slope are needed at lpInside. */
const real lpInvR = (r2 > 0 ? invR : 0); // two particles in one place have no direction to push each other
const real lpR = r2*lpInvR;
const real lpInside = (lpR > LP_INNER_CUTOFF ? lpR : LP_INNER_CUTOFF);
const real lpBelow = lpR-lpInside; // not 0 below the inner cutoff, where the function is a Taylor expansion
