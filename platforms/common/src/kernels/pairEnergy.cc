/* Add what a pair contributes to tempEnergy and, divided by -r, to dEdR: from lpEnergy and lpSlope at lpInside. */
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
