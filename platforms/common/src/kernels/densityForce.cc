/*
 * Add the force on the first atom of a pair that comes from the densities of one angular order l at both atoms. With n
 * from the first to the second atom, the numbers A_km of an atom and the derivatives of the energy g_km = dE/dA_km:
 *
 *     P_m = sum over k of w_k(1, 2) g_km(1) + (-1)^l w_k(2, 1) g_km(2), and Q_m with dw_k/dr for w_k
 *     F = n sum over m of (Q_m - l/r P_m) C_m(n) + 1/r sum over m of P_m grad C_m(n)
 *
 * since C_m(-n) = (-1)^l C_m(n).
 */
{
    real lpP[LP_COMPONENTS], lpQ[LP_COMPONENTS];
    for (int m = 0; m < LP_COMPONENTS; m++)
        lpP[m] = lpQ[m] = 0;
    for (int lpVector = 0; lpVector < LP_NUM_VECTORS; lpVector++) {
        const int lpColumn = LP_FIRST_COLUMN+lpVector;
        const real4 lpW1 = lpInterpolate(lpRow1+lpColumn, LP_NUM_VECTORS, lpT1);
        const real4 lpW2 = lpInterpolate(lpRow2+lpColumn, LP_NUM_VECTORS, lpT2)*(real) LP_SIGN;
        const real4 lpD1 = lpInterpolateSlope(lpRow1+lpColumn, LP_NUM_VECTORS, lpT1)*lpCurve1.x;
        const real4 lpD2 = lpInterpolateSlope(lpRow2+lpColumn, LP_NUM_VECTORS, lpT2)*(LP_SIGN*lpCurve2.x);
        for (int m = 0; m < LP_COMPONENTS; m++) {
            const int lpPlace = LP_FIRST_PLACE+m*LP_NUM_VECTORS+lpVector;
            const real4 lpG1 = lpGradients[lpAtom1*LP_STRIDE+lpPlace], lpG2 = lpGradients[lpAtom2*LP_STRIDE+lpPlace];
            lpP[m] += lpDot(lpW1, lpG1)+lpDot(lpW2, lpG2);
            lpQ[m] += lpDot(lpD1, lpG1)+lpDot(lpD2, lpG2);
        }
    }
    real lpC[LP_COMPONENTS];
    LP_HARMONICS
    real lpAlong = 0;
    for (int m = 0; m < LP_COMPONENTS; m++) {
        lpP[m] += lpRBelowInner*lpQ[m];
        lpQ[m] = lpQ[m]*lpSwitch+lpP[m]*lpSwitchDerivative;
        lpP[m] *= lpSwitch;
        lpAlong += (lpQ[m]-LP_ORDER*lpInvR*lpP[m])*lpC[m];
    }
    lpForce += lpN*lpAlong;
    LP_GRADIENT
}
