/*
 * Complete the energy of a pair: the Taylor expansion below the inner cutoff, the switching function and the scale.
 * This piece follows the text of the learned function. The pieces of a kernel share these names; the second column says
 * which piece declares each:
 *
 *   r2, invR                    the caller           squared distance, and 1/r
 *   interactionScale            the caller           1 for a pair that counts, else 0
 *   tempEnergy                  the caller           += the energy of the pair
 *   dEdR                        the caller           += -(1/r) dE/dr, the factor of the displacement in the force; the
 *                                                    name is that of OpenMM's nonbonded kernels
 *   lpParameterDerivativeK      the caller           += dE/dg for the K-th parameter whose derivative is needed
 *   lpR, lpInvR                 pairDistance.cc      the distance and its inverse; the inverse is 0 at distance 0
 *   lpRClamped                  pairDistance.cc      the distance at which the function is evaluated
 *   lpRBelowInner               pairDistance.cc      lpR-lpRClamped: negative below the inner cutoff, else 0
 *   lpEnergy, lpDEdR            the function         f and df/dr at lpRClamped; this piece turns them into the pair's
 *                                                    energy and dE/dr, without the scale
 *   lpDEdGK, lpD2EdRdGK         the function         df/dg and d2f/drdg at lpRClamped, for the K-th parameter of the
 *                                                    function whose derivative is needed
 *   lpSwitch, lpSwitchDerivative
 *                               switching.cc         S and dS/dr, if LP_USE_SWITCH
 */
lpEnergy += lpRBelowInner*lpDEdR;
#if LP_USE_SWITCH
LP_HOLE_SWITCHING
lpDEdR = lpDEdR*lpSwitch+lpEnergy*lpSwitchDerivative;
lpEnergy *= lpSwitch;
#endif
LP_HOLE_DERIVATIVES
tempEnergy += LP_SCALE*lpEnergy;
dEdR -= LP_SCALE*lpDEdR*lpInvR;
