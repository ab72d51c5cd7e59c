/**
 * One pair of a LearnedPairForce in OpenMM's nonbonded kernel: adds to tempEnergy and, divided by -r, to dEdR.
 * Beyond this force's own cutoff, which may be shorter than the kernel's, nothing is read and nothing evaluated.
 * What stands in the hole sets lpEnergy and lpSlope to the function and its slope at lpInside.
 */
if (!isExcluded && LP_CONDITION) {
    const real lpInvR = (r2 > 0 ? invR : 0); // two particles in one place have no direction to push each other
    const real lpR = r2*lpInvR;
    const real lpInside = (lpR > LP_INNER_CUTOFF ? lpR : LP_INNER_CUTOFF);
    const real lpBelow = lpR-lpInside; // not 0 below the inner cutoff, where the function is a Taylor expansion
    real lpEnergy, lpSlope;
    LP_HOLE_EVALUATE
    lpEnergy += lpBelow*lpSlope;
#if LP_USE_SWITCH
    real lpSwitch = 1, lpSwitchSlope = 0;
    if (lpR > LP_SWITCHING_DISTANCE) {
        const real lpY = (lpR-LP_SWITCHING_DISTANCE)*LP_SWITCHING_INVERSE_WIDTH;
        lpSwitch = 1+lpY*lpY*lpY*(-10+lpY*(15-6*lpY));
        lpSwitchSlope = lpY*lpY*(-30+lpY*(60-30*lpY))*LP_SWITCHING_INVERSE_WIDTH;
    }
    lpSlope = lpSlope*lpSwitch+lpEnergy*lpSwitchSlope;
    lpEnergy *= lpSwitch;
#endif
    LP_HOLE_DERIVATIVES
    tempEnergy += LP_SCALE*lpEnergy;
    dEdR -= LP_SCALE*lpSlope*lpInvR;
}
