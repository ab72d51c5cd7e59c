/**
 * One pair of a LearnedPairForce in OpenMM's nonbonded kernel: adds to tempEnergy and, divided by -r, to dEdR.
 * The lookup is the one of plugin/include/internal/SegmentTable.h. Beyond this force's own cutoff, which may be
 * shorter than the kernel's, nothing is read and nothing evaluated.
 */
if (!isExcluded && r2 < LP_CUTOFF_SQUARED) {
    const real lpInvR = (r2 > 0 ? invR : 0); // two particles in one place have no direction to push each other
    const real lpR = r2*lpInvR;
    const real2 lpGrid = LP_GRIDS[LP_CLASS1*LP_NUM_CLASSES+LP_CLASS2];
    const real lpInside = max(lpR, (real) LP_INNER_CUTOFF);
    const real lpX = (lpInside-LP_MIN_DISTANCE)*lpGrid.x;
    const int lpInterval = (int) lpX;
    const real lpT = lpX-lpInterval;
    const real4 lpC = LP_SEGMENTS[(int) lpGrid.y+lpInterval];
    real lpSlope = (lpC.y+lpT*(2*lpC.z+3*lpT*lpC.w))*lpGrid.x;
    real lpEnergy = lpC.x+lpT*(lpC.y+lpT*(lpC.z+lpT*lpC.w))+(lpR-lpInside)*lpSlope;
#if LP_USE_SWITCH
    if (lpR > LP_SWITCHING_DISTANCE) {
        const real lpY = (lpR-LP_SWITCHING_DISTANCE)*LP_SWITCHING_INVERSE_WIDTH;
        const real lpS = 1+lpY*lpY*lpY*(-10+lpY*(15-6*lpY));
        lpSlope = lpSlope*lpS+lpEnergy*lpY*lpY*(-30+lpY*(60-30*lpY))*LP_SWITCHING_INVERSE_WIDTH;
        lpEnergy *= lpS;
    }
#endif
#if LP_USE_DERIVATIVE
    LP_DERIVATIVE += interactionScale*lpEnergy;
#endif
    tempEnergy += LP_SCALE*lpEnergy;
    dEdR -= LP_SCALE*lpSlope*lpInvR;
}
