/* The switching function: see pairEnergy.cc for the names. */
real lpSwitch = 1, lpSwitchDerivative = 0;
#if LP_USE_SWITCH
if (lpR > LP_SWITCHING_DISTANCE) {
    const real lpY = (lpR-LP_SWITCHING_DISTANCE)*LP_SWITCHING_INVERSE_WIDTH;
    lpSwitch = 1+lpY*lpY*lpY*(-10+lpY*(15-6*lpY));
    lpSwitchDerivative = lpY*lpY*(-30+lpY*(60-30*lpY))*LP_SWITCHING_INVERSE_WIDTH;
}
#endif
